import { performance } from 'node:perf_hooks'
import { loadBundle } from '../../inference/bundle.ts'
import { loadNetwork } from '../../inference/engine/runtime.ts'
import type { TrialAnswer } from './trial.ts'

// Started by `tryProvider`: a provider that fails may take its process down, and this one is there for that.

/** Latent pixels a side: enough that the arithmetic counts and not the calls, and a CPU is done in a second or two. */
const maxSide = 32
const runs = 3

const measure = async (provider: string, folder: string): Promise<TrialAnswer> => {
  const { manifest, path } = await loadBundle(folder)
  const { vaeDecoder, latentShape } = manifest.diffusion
  const network = await loadNetwork(path(vaeDecoder.file), { executionProviders: [provider] })
  const [channels, ...sides] = latentShape
  const open = network.inputDims.latents?.slice(2).every((side) => typeof side === 'string')
  const [height, width] = open ? sides.map((side) => Math.min(side, maxSide)) : sides
  const dims = [1, channels, height!, width!]
  const latents = { data: new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(0.1), dims }
  const times: number[] = []
  for (let run = 0; run < runs; run++) {
    const before = performance.now()
    const { image } = await network.run({ latents })
    if (!image?.data.every(Number.isFinite)) throw new Error('it gives numbers that are not finite')
    times.push(performance.now() - before)
  }
  await network.release()
  // The first one compiles.
  return { runMs: Math.min(...times.slice(1)) }
}

const [provider = '', folder = ''] = process.argv.slice(2)
const answer: TrialAnswer = await measure(provider, folder).catch((error: Error) => {
  const { message } = (error.cause ?? error) as Error
  return { error: message }
})
process.send?.(answer, () => process.disconnect())
