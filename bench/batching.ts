import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { completeSettings } from '../contracts/diffusion-settings.ts'
import { loadBundle } from '../inference/bundle.ts'
import { denoise } from '../inference/diffusion/denoise.ts'
import { loadDiffusion } from '../inference/diffusion/load-diffusion.ts'
import type { GenerateRequest } from '../inference/diffusion/request.ts'
import type { Unet } from '../inference/diffusion/unet.ts'
import { fixedBatchLimit } from '../inference/engine/batch-limit.ts'
import { createBatcher } from '../inference/engine/batcher.ts'
import { loadNetwork } from '../inference/engine/runtime.ts'
import { createRandn } from '../inference/numeric/random.ts'
import { toUnit } from '../inference/numeric/vector.ts'
import { runCommand } from '../lib/run-command.ts'
import { median } from './statistics.ts'

const help = `Jobs that share UNet calls, against the same jobs one after another.

  node --import tsx bench/batching.ts --bundle models/demo --jobs 4 --steps 10 --rounds 3`

await runCommand(help, async () => {
  const { values } = parseArgs({
    options: {
      bundle: { type: 'string', default: 'models/demo' },
      jobs: { type: 'string', default: '4' },
      steps: { type: 'string', default: '10' },
      rounds: { type: 'string', default: '3' },
      'max-rows': { type: 'string', default: '8' },
    },
  })
  const [jobs, steps, rounds] = [Number(values.jobs), Number(values.steps), Number(values.rounds)]
  const bundle = await loadBundle(values.bundle)
  const spec = bundle.manifest.diffusion
  const { textEncoder, unet } = await loadDiffusion(spec, (file) => loadNetwork(bundle.path(file)))
  const batched = () => createBatcher(unet, fixedBatchLimit(Number(values['max-rows'])))

  const request = (seed: number): GenerateRequest => ({
    images: [{ embedding: toUnit(createRandn('cpu', seed)(spec.embeddingSize)), seed }],
    settings: completeSettings({ num_steps: steps, guidance_scale: 3, scheduler: 'dpmpp_2m' }),
  })
  const requests = Array.from({ length: jobs }, (_, k) => request(k))
  const run = (with_: Unet, one: GenerateRequest) =>
    denoise({ textEncoder, unet: with_ }, { spec, bundleSha256: bundle.sha256 }, one)
  const time = async (work: () => Promise<unknown>): Promise<number> => {
    const start = performance.now()
    await work()
    return performance.now() - start
  }

  await run(unet, request(0))
  const bare: number[] = []
  const single: number[] = []
  const serial: number[] = []
  const together: number[] = []
  let rowsPerCall = 0
  // Each round runs every way once, so that a busy machine slows all of them alike.
  for (let round = 0; round < rounds; round++) {
    bare.push(await time(() => run(unet, request(0))))
    single.push(await time(() => run(batched(), request(0))))
    serial.push(
      await time(async () => {
        for (const one of requests) await run(batched(), one)
      }),
    )
    const shared = batched()
    together.push(await time(() => Promise.all(requests.map((one) => run(shared, one)))))
    rowsPerCall = shared.calls.rows / shared.calls.count
  }
  // What the batcher itself costs, on a network that takes no time: wall time of a call with and without it.
  const instant: Unet = { predict: async (rows) => rows.map(({ sample }) => sample) }
  const row = { sample: new Float32Array(4), timestep: 1, prompt: new Float32Array(4), conditionings: {} }
  const calls = 2000
  const callMs = async (with_: Unet) =>
    (await time(async () => {
      for (let i = 0; i < calls; i++) await with_.predict([row, row], spec.latentShape)
    })) / calls
  const overheadMs = (await callMs(createBatcher(instant, fixedBatchLimit(8)))) - (await callMs(instant))

  const stepMs = median(bare) / steps
  console.log(`bundle ${spec.latentShape.join('x')}, ${steps} steps, guidance 3, median of ${rounds} rounds`)
  console.log(`one job without batcher   ${median(bare).toFixed(0)} ms`)
  console.log(`one job with batcher      ${median(single).toFixed(0)} ms`)
  console.log(
    `batcher alone             ${overheadMs.toFixed(4)} ms a step, ${((overheadMs / stepMs) * 100).toFixed(2)} % of one`,
  )
  console.log(`${jobs} jobs one after another ${median(serial).toFixed(0)} ms`)
  console.log(
    `${jobs} jobs together         ${median(together).toFixed(0)} ms, ${rowsPerCall.toFixed(1)} rows a call, ${(median(serial) / median(together)).toFixed(2)} times as fast`,
  )
})
