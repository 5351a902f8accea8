import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { choiceOption, numberOption } from '../../cli/options.ts'
import { completeSettings } from '../../contracts/diffusion-settings.ts'
import { loadBundle } from '../../inference/bundle.ts'
import { createDiffusionEngine } from '../../inference/engine/diffusion-engine.ts'
import { parseNpy } from '../../inference/npy.ts'
import type { RgbImage } from '../../inference/numeric/image.ts'
import { createRandn } from '../../inference/numeric/random.ts'
import { toUnit } from '../../inference/numeric/vector.ts'
import { runCommand, UsageError } from '../../lib/run-command.ts'
import { executionProvidersFor } from '../../worker/execution-provider.ts'
import { onnxruntime } from '../../worker/providers/provider-libraries.ts'
import { table } from '../api/table.ts'
import { median } from '../statistics.ts'
import { startReference } from './reference.ts'

const help = `The whole pipeline, from the face vector to images, against diffusers on the same device, turn by turn in one run.
bench/gpu.sh makes what this needs and calls it.

  node --import tsx bench/gpu/compare.ts --bundle DIR --checkpoint DIR --python FILE --provider cuda

  --provider NAME    cuda (fp16 in PyTorch) or cpu (fp32)
  --images N, --steps N, --repeats N, --guidance G    4, 25, 5, 3
  --threads N        of both, on the CPU; default 2
  --out FILE         writes the page
  --command LINE     that the page says it was made by
  --help`

/** Mean and largest difference in grey levels. */
const difference = (own: readonly RgbImage[], theirs: Float32Array) => {
  const [first] = own
  const size = first!.width * first!.height * 3
  if (theirs.length !== size * own.length) {
    throw new Error(`diffusers makes ${theirs.length} values, the bundle ${size * own.length}: not the same size`)
  }
  let [sum, most] = [0, 0]
  own.forEach(({ data }, k) => {
    for (let i = 0; i < size; i++) {
      const off = Math.abs(data[i]! - Math.round(theirs[k * size + i]! * 255))
      sum += off
      most = Math.max(most, off)
    }
  })
  return { mean: sum / theirs.length, most }
}

await runCommand(help, async () => {
  const { values } = parseArgs({
    options: {
      bundle: { type: 'string' },
      checkpoint: { type: 'string' },
      python: { type: 'string', default: 'python3' },
      provider: { type: 'string', default: 'cuda' },
      images: { type: 'string', default: '4' },
      steps: { type: 'string', default: '25' },
      repeats: { type: 'string', default: '5' },
      guidance: { type: 'string', default: '3' },
      threads: { type: 'string', default: '2' },
      out: { type: 'string' },
      command: { type: 'string', default: 'bench/gpu.sh' },
    },
  })
  if (!values.bundle || !values.checkpoint) throw new UsageError('--bundle and --checkpoint are required')
  const provider = choiceOption('--provider', values.provider, ['cuda', 'cpu'] as const)
  const whole = { integer: true, min: 1, max: 1000 }
  const images = numberOption('--images', values.images, { ...whole, max: 16 })!
  const steps = numberOption('--steps', values.steps, whole)!
  const repeats = numberOption('--repeats', values.repeats, whole)!
  const threads = numberOption('--threads', values.threads, whole)!
  const guidance = numberOption('--guidance', values.guidance, { min: 0, max: 100 })!

  const bundle = await loadBundle(values.bundle)
  const spec = bundle.manifest.diffusion
  const executionProviders = await executionProvidersFor(provider, bundle)
  const embedding = toUnit(createRandn('cpu', 11)(spec.embeddingSize))
  const engine = createDiffusionEngine({ bundle, executionProviders, ...(provider === 'cpu' && { threads }) })
  const seeds = Array.from({ length: images }, (_, k) => k)
  const own = async () => {
    const start = performance.now()
    const made = await engine.generate({
      images: seeds.map((seed) => ({ embedding, seed })),
      settings: completeSettings({
        num_steps: steps,
        guidance_scale: guidance,
        scheduler: 'dpmpp_2m',
        generator: 'cpu',
      }),
    })
    return { made, seconds: (performance.now() - start) / 1000 }
  }
  const folder = await mkdtemp(join(tmpdir(), 'idem-gpu-'))
  const reference = await startReference(values.python, [values.checkpoint, provider, `${threads}`])
  try {
    const request = { embedding: [...embedding], images, steps, guidance }
    const save = join(folder, 'images.npy')
    // The first run of each loads and compiles; it is told apart.
    const first = { own: await own(), theirs: await reference.run({ ...request, save }) }
    const off = difference(first.own.made, parseNpy(await readFile(save)).data)
    // The bundle finds its batch size on the work itself, in the calls of this run.
    await own()
    const times = { own: [] as number[], theirs: [] as number[] }
    for (let k = 0; k < repeats; k++) {
      times.own.push((await own()).seconds)
      times.theirs.push((await reference.run(request)).seconds)
      console.error(
        `${k + 1} of ${repeats}: ${times.own.at(-1)!.toFixed(2)} s, diffusers ${times.theirs.at(-1)!.toFixed(2)} s`,
      )
    }
    const { facts } = reference
    const row = (what: string, list: readonly number[], begin: number) => [
      what,
      ...[median(list), Math.min(...list), Math.max(...list), begin].map((value) => value.toFixed(2)),
    ]
    const [height, width] = [first.own.made[0]!.height, first.own.made[0]!.width]
    const text = `${images} images of ${width}x${height}, ${steps} steps, guidance ${guidance}, dpmpp_2m; ${facts.device}; ${new Date().toISOString().slice(0, 10)}.
Median of ${repeats} runs each, in turns. From the face vector to the images: text encoder, UNet, VAE.

${table(
  ['seconds', 'median', 'least', 'most', 'first'],
  [
    row(`bundle, onnxruntime ${onnxruntime().version}, ${provider}`, times.own, first.own.seconds),
    row(`diffusers ${facts.diffusers}, PyTorch ${facts.torch}, ${facts.dtype}`, times.theirs, first.theirs.seconds),
  ],
)}

The bundle is ${(median(times.theirs) / median(times.own)).toFixed(2)} times as fast. The images differ by ${off.mean.toFixed(2)} grey levels in the mean, ${off.most} at most.
`
    console.log(text)
    if (values.out) {
      await writeFile(values.out, `# The whole pipeline against diffusers\n\n\`${values.command}\`\n\n${text}`)
    }
  } finally {
    reference.stop()
    await engine.close()
    await rm(folder, { recursive: true })
  }
})
