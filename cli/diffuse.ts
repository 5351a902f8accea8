import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { DiffusionSpec } from '../contracts/bundle-manifest.ts'
import { completeSettings, generatorNames } from '../contracts/diffusion-settings.ts'
import { type SchedulerName, schedulerNames } from '../contracts/schedulers.ts'
import { loadBundle } from '../inference/bundle.ts'
import type { ImageRequest } from '../inference/diffusion/request.ts'
import { createDiffusionEngine } from '../inference/engine/diffusion-engine.ts'
import { formatNpy, type NpyArray, parseNpy } from '../inference/npy.ts'
import { toUnit } from '../inference/numeric/vector.ts'
import { encodePng } from '../inference/photos/encode.ts'
import { mapValues } from '../lib/map-values.ts'
import { runCommand, UsageError } from '../lib/run-command.ts'
import { readWorkerConfig } from '../worker/config.ts'
import { makeFolder } from './make-folder.ts'
import { choiceOption, numberOption } from './options.ts'

const help = `Runs only the generator, in this process. It reads face vectors, and writes images and the latents after every step.

  npm run diffuse -- --embeddings e.npy --seed 7 --out out/
  npm run diffuse -- --bundle DIR --embeddings e.npy --latents l.npy --scheduler lcm --noise n.npy --steps 4 --guidance 1 --out DIR

  --embeddings FILE   [n, d] or [d], .npy; scaled to unit vectors
  --bundle DIR        model bundle (models/demo, or IDEM_MODELS)
  --latents FILE      initial noise [n, c, h, w], standard normal; drawn from the seed if omitted
  --noise FILE        noise of the solver [steps-1, n, c, h, w], for lcm and euler_ancestral; drawn from the seed if omitted
  --seed N            image k is made from seed + k (0)
  --generator NAME    PyTorch generator used for seeds: ${generatorNames.join(', ')} (cuda)
  --scheduler NAME    ${schedulerNames.join(', ')}
  --steps N, --guidance G
  --conditioning NAME=FILE
                      values [n, ...dims] of a conditioning of the bundle; repeatable
  --threads N         threads of the networks
  --out DIR           latents.npy [steps, n, c, h, w] float32, and K.png
  --help`

const readArray = async (option: string, file: string): Promise<NpyArray> => {
  const bytes = await readFile(file).catch((cause) => {
    throw new UsageError(`${option}: cannot read ${file}`, { cause })
  })
  try {
    return parseNpy(bytes)
  } catch (error) {
    throw new UsageError(`${option}: ${file}: ${(error as Error).message}`)
  }
}

const checkShape = (option: string, { shape, data }: NpyArray, wanted: readonly number[]): void => {
  if (shape.join() !== wanted.join()) {
    throw new UsageError(`${option} has the shape [${shape.join(', ')}]; expected [${wanted.join(', ')}]`)
  }
  if (!data.every(Number.isFinite)) throw new UsageError(`${option} has values that are not finite numbers`)
}

const readEmbeddings = async (file: string, size: number): Promise<Float32Array[]> => {
  const array = await readArray('--embeddings', file)
  const count = array.shape.length === 1 ? 1 : array.shape[0]!
  checkShape('--embeddings', array, array.shape.length === 1 ? [size] : [count, size])
  if (count === 0) throw new UsageError('--embeddings has no vectors')
  return Array.from({ length: count }, (_, k) => {
    try {
      return toUnit(array.data.subarray(k * size, (k + 1) * size))
    } catch {
      throw new UsageError(`--embeddings: vector ${k} has length 0`)
    }
  })
}

/** Parses the first of `count` seeds. PyTorch accepts seeds in [-2^63, 2^64). */
const readSeed = (text: string, count: number): bigint => {
  const seed = /^-?\d+$/.test(text) ? BigInt(text) : undefined
  if (seed !== undefined && seed >= -(2n ** 63n) && seed + BigInt(count) <= 2n ** 64n) return seed
  throw new UsageError(
    `--seed must be a whole number such that the seeds of all images are from -2^63 to 2^64 - 1, not "${text}"`,
  )
}

const rowOf = ({ data }: NpyArray, row: number, rows: number): Float32Array =>
  data.slice((row * data.length) / rows, ((row + 1) * data.length) / rows)

/** The arrays of `--conditioning NAME=FILE`, by name. */
const readConditionings = async (
  options: readonly string[],
  declared: DiffusionSpec['conditionings'],
  n: number,
): Promise<Record<string, NpyArray>> => {
  const arrays: Record<string, NpyArray> = {}
  for (const option of options) {
    const [, name = '', file = ''] = /^([^=]+)=(.+)$/.exec(option) ?? []
    if (!file) throw new UsageError(`--conditioning must be NAME=FILE, not "${option}"`)
    const spec = Object.hasOwn(declared, name) ? declared[name] : undefined
    const names = Object.keys(declared).join(', ') || 'none'
    if (!spec) throw new UsageError(`--conditioning: the bundle has no ${name}; it has ${names}`)
    arrays[name] = await readArray(`--conditioning ${name}`, file)
    checkShape(`--conditioning ${name}`, arrays[name], [n, ...spec.dims])
  }
  return arrays
}

await runCommand(help, async () => {
  const { values } = parseArgs({
    options: {
      embeddings: { type: 'string' },
      bundle: { type: 'string' },
      latents: { type: 'string' },
      noise: { type: 'string' },
      seed: { type: 'string' },
      generator: { type: 'string', default: 'cuda' },
      scheduler: { type: 'string' },
      steps: { type: 'string' },
      guidance: { type: 'string' },
      threads: { type: 'string' },
      conditioning: { type: 'string', multiple: true, default: [] },
      out: { type: 'string' },
    },
  })
  if (!values.embeddings) throw new UsageError('--embeddings is required')
  if (!values.out) throw new UsageError('--out is required')
  const bundle = await loadBundle(values.bundle ?? readWorkerConfig().models)
  const { embeddingSize, latentShape, defaults } = bundle.manifest.diffusion
  const steps = numberOption('--steps', values.steps, { integer: true, min: 1, max: 1000 }) ?? defaults.num_steps
  const guidanceScale = numberOption('--guidance', values.guidance, { min: 0, max: 100 }) ?? defaults.guidance_scale
  const threads = numberOption('--threads', values.threads, { integer: true, min: 1, max: 256 })
  const scheduler = choiceOption<SchedulerName>('--scheduler', values.scheduler ?? defaults.scheduler, schedulerNames)
  const generator = choiceOption('--generator', values.generator, generatorNames)

  const embeddings = await readEmbeddings(values.embeddings, embeddingSize)
  const n = embeddings.length
  const seed = readSeed(values.seed ?? '0', n)
  const size = latentShape[0] * latentShape[1] * latentShape[2]
  const latents = values.latents && (await readArray('--latents', values.latents))
  if (latents) checkShape('--latents', latents, [n, ...latentShape])
  const noise = values.noise && (await readArray('--noise', values.noise))
  if (noise) checkShape('--noise', noise, [steps - 1, n, ...latentShape])
  const noiseOf = ({ data }: NpyArray, image: number): Float32Array => {
    const own = new Float32Array((steps - 1) * size)
    for (let step = 0; step < steps - 1; step++) {
      const from = (step * n + image) * size
      own.set(data.subarray(from, from + size), step * size)
    }
    return own
  }
  const conditionings = await readConditionings(values.conditioning, bundle.manifest.diffusion.conditionings, n)
  const images = embeddings.map(
    (embedding, k): ImageRequest => ({
      embedding,
      seed: seed + BigInt(k),
      ...(latents && { latents: latents.data.slice(k * size, (k + 1) * size) }),
      ...(noise && { noise: noiseOf(noise, k) }),
      conditionings: mapValues(conditionings, (values) => rowOf(values, k, n)),
    }),
  )

  await makeFolder('--out', values.out)
  const engine = createDiffusionEngine({ bundle, ...(threads && { threads }) })
  const trail = new Float32Array(steps * n * size)
  try {
    const pictures = await engine.generate(
      { images, settings: completeSettings({ num_steps: steps, guidance_scale: guidanceScale, scheduler, generator }) },
      {
        onStep: ({ step, checkpoint }) => {
          trail.set(checkpoint.latents, (step - 1) * n * size)
          if (process.stderr.isTTY) process.stderr.write(`\rstep ${step} of ${steps}`)
        },
      },
    )
    if (process.stderr.isTTY) process.stderr.write('\n')
    await writeFile(join(values.out, 'latents.npy'), formatNpy({ data: trail, shape: [steps, n, ...latentShape] }))
    for (const [k, picture] of pictures.entries())
      await writeFile(join(values.out, `${k}.png`), await encodePng(picture))
    console.log(`${n} images and latents.npy in ${values.out}`)
  } finally {
    await engine.close()
  }
})
