import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { numberOption } from '../cli/options.ts'
import { loadBundle } from '../inference/bundle.ts'
import { createUnet } from '../inference/diffusion/unet.ts'
import { loadNetwork } from '../inference/engine/runtime.ts'
import { createRandn } from '../inference/numeric/random.ts'
import { runCommand, UsageError } from '../lib/run-command.ts'
import { startPython } from './python.ts'
import { median } from './statistics.ts'

const help = `One UNet call on the CPU, against diffusers in PyTorch with the same threads, turn by turn in one run.

  node --import tsx bench/step.ts --bundle DIR --checkpoint DIR --python python3 --threads 2 --rows 1 --rounds 3

  --checkpoint DIR   the diffusers folder that the bundle was made from, with arc2face/ in it
  --python FILE      a Python with torch and diffusers`

/** diffusers in its own process: each call of the result is one UNet call, in milliseconds. */
const startReference = (python: string, args: readonly string[]) => {
  const { send, answer, stop } = startPython(python, join(import.meta.dirname, 'step.py'), args)
  return {
    call: async (): Promise<number> => {
      send('')
      return Number(await answer())
    },
    stop,
  }
}

await runCommand(help, async () => {
  const { values } = parseArgs({
    options: {
      bundle: { type: 'string' },
      checkpoint: { type: 'string' },
      python: { type: 'string', default: 'python3' },
      threads: { type: 'string', default: '2' },
      rows: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '3' },
    },
  })
  if (!values.bundle || !values.checkpoint) throw new UsageError('--bundle and --checkpoint are required')
  const threads = numberOption('--threads', values.threads, { integer: true, min: 1, max: 256 })!
  const rows = numberOption('--rows', values.rows, { integer: true, min: 1, max: 64 })!
  const rounds = numberOption('--rounds', values.rounds, { integer: true, min: 1, max: 100 })!
  const bundle = await loadBundle(values.bundle)
  const spec = bundle.manifest.diffusion
  const { latentShape, hiddenSize, inputIds, unet } = spec

  const network = createUnet(await loadNetwork(bundle.path(unet.file), { threads }), spec)
  const randn = createRandn('cpu', 0)
  const batch = Array.from({ length: rows }, () => ({
    sample: randn(latentShape.reduce((a, b) => a * b)),
    timestep: 500,
    prompt: randn(inputIds.length * hiddenSize),
    conditionings: {},
  }))
  const ownCall = async (): Promise<number> => {
    const start = performance.now()
    await network.predict(batch, latentShape)
    return performance.now() - start
  }
  const reference = startReference(values.python, [join(values.checkpoint, 'arc2face'), `${rows}`, `${threads}`])
  const own: number[] = []
  const theirs: number[] = []
  try {
    // The first call of each warms its caches and is not counted.
    for (let round = 0; round <= rounds; round++) {
      const [a, b] = [await ownCall(), await reference.call()]
      if (round === 0) continue
      own.push(a)
      theirs.push(b)
    }
  } finally {
    reference.stop()
  }
  const [a, b] = [median(own), median(theirs)]
  console.log(`latents ${latentShape.join('x')}, ${rows} rows, ${threads} threads, median of ${rounds} calls each`)
  console.log(`bundle, onnxruntime   ${a.toFixed(0)} ms`)
  console.log(`diffusers, PyTorch    ${b.toFixed(0)} ms`)
  console.log(`${(b / a).toFixed(2)} times as fast`)
})
