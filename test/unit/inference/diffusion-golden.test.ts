import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { completeSettings } from '../../../contracts/diffusion-settings.ts'
import type { SchedulerName } from '../../../contracts/schedulers.ts'
import { denoise, Stopped } from '../../../inference/diffusion/denoise.ts'
import { type GenerateRequest, identityOf } from '../../../inference/diffusion/request.ts'
import { createScheduler } from '../../../inference/numeric/schedulers/index.ts'
import { decodePhoto } from '../../../inference/photos/decode.ts'
import { maxDifference, readGolden, readGoldenJson, rowOf } from '../../support/arrays.ts'
import { type Diffusion, loadDiffusion } from '../../support/networks.ts'

// What huggingface diffusers computes from the tiny checkpoint; euler and euler_ancestral by make_euler.py beside it.
const folder = 'arc2face-tiny'
interface Run {
  steps: number
  guidance: number
  timesteps: number[]
  sigmas: number[]
}
const facts = {
  ...readGoldenJson<Record<string, Run>>(`${folder}/facts.json`),
  ...readGoldenJson<Record<string, Run>>(`${folder}/euler.json`),
}
const runs: [name: string, scheduler: SchedulerName, noise?: string][] = [
  ['dpmpp_2m_25', 'dpmpp_2m'],
  ['dpmpp_2m_8', 'dpmpp_2m'],
  ['dpmpp_2m_karras_15', 'dpmpp_2m_karras'],
  ['ddim_20', 'ddim'],
  ['lcm_4', 'lcm', 'lcm_noise.npy'],
  ['euler_20', 'euler'],
  ['euler_ancestral_20', 'euler_ancestral', 'euler_ancestral_noise.npy'],
]

let tiny: Diffusion
beforeAll(async () => {
  tiny = await loadDiffusion('test/fixtures/arc2face-tiny')
})

describe('the text encoder', () => {
  it('puts the face vector in the place of the id token', async () => {
    const faces = readGolden(`${folder}/face_embeddings.npy`)
    const expected = readGolden(`${folder}/prompt_embeds.npy`)
    for (const k of [0, 1]) {
      expect(maxDifference(await tiny.textEncoder.encodeFace(rowOf(faces, k)), rowOf(expected, k))).toBeLessThan(1e-4)
    }
  })

  it('encodes the empty prompt for guidance', async () => {
    const expected = readGolden(`${folder}/negative_prompt_embeds.npy`)
    expect(maxDifference(await tiny.textEncoder.encodeEmpty(), expected.data)).toBeLessThan(1e-4)
  })
})

describe.each(runs)('%s', (name, scheduler, noiseFile) => {
  const { steps, guidance, timesteps, sigmas } = facts[name]!

  it('has the reference timesteps and sigmas', () => {
    const schedule = createScheduler(scheduler, tiny.spec.scheduler).setTimesteps(steps)
    // Euler's timesteps are fractions.
    expect(maxDifference(schedule.timesteps, timesteps)).toBeLessThan(1e-4)
    if (sigmas.length > 0) expect(maxDifference(schedule.sigmas, sigmas)).toBeLessThan(1e-6)
  })

  if (scheduler === 'ddim') return

  it('has the reference latents after every step, and its images', async () => {
    const faces = readGolden(`${folder}/face_embeddings.npy`)
    const initial = readGolden(`${folder}/initial_latents.npy`)
    const expected = readGolden(`${folder}/${name}.latents.npy`)
    const noise = noiseFile ? readGolden(`${folder}/${noiseFile}`) : undefined
    const size = tiny.spec.latentShape.reduce((a, b) => a * b)
    const noiseOf = (image: number) => {
      const parts = Array.from({ length: steps - 1 }, (_, step) =>
        noise!.data.subarray((step * 2 + image) * size, (step * 2 + image + 1) * size),
      )
      return Float32Array.from(parts.flatMap((part) => [...part]))
    }
    const worst: number[] = []
    const latents = await denoise(
      tiny,
      tiny.model,
      {
        images: [0, 1].map((k) => ({
          embedding: rowOf(faces, k),
          seed: 0,
          latents: rowOf(initial, k),
          ...(noise && { noise: noiseOf(k) }),
        })),
        settings: completeSettings({ num_steps: steps, guidance_scale: guidance, scheduler, generator: 'cpu' }),
      },
      { onStep: ({ step, latents }) => worst.push(maxDifference(latents, rowOf(expected, step - 1))) },
    )
    expect(worst).toHaveLength(steps)
    expect(Math.max(...worst)).toBeLessThan(1e-3)

    for (const k of [0, 1]) {
      const image = await tiny.vaeDecoder.decode(latents.slice(k * size, (k + 1) * size), tiny.spec.latentShape)
      const picture = await decodePhoto(readFileSync(`test/golden/${folder}/${name}.${k}.png`))
      expect(maxDifference(image.data, picture.data)).toBeLessThanOrEqual(2)
    }
  })
})

// With x0 clipped, the random network of the tiny checkpoint makes DDIM's run chaotic: the reference itself, on one thread
// in place of two, ends 2 away from its own numbers. Every single step is held to them instead.
describe('ddim from any step', () => {
  it('makes each of the reference latents from the ones before, and its images', async () => {
    const name = 'ddim_20'
    const { steps, guidance } = facts[name]!
    const faces = readGolden(`${folder}/face_embeddings.npy`)
    const expected = readGolden(`${folder}/${name}.latents.npy`)
    const initial = readGolden(`${folder}/initial_latents.npy`)
    const request: GenerateRequest = {
      images: [0, 1].map((k) => ({ embedding: rowOf(faces, k), seed: 0, latents: rowOf(initial, k) })),
      settings: completeSettings({ num_steps: steps, guidance_scale: guidance, scheduler: 'ddim', generator: 'cpu' }),
    }
    for (let step = 0; step < steps; step++) {
      const run = identityOf(request, tiny.model.bundleSha256)
      const resume = step === 0 ? undefined : { run, step, latents: rowOf(expected, step - 1) }
      const stop = new AbortController()
      let made: Float32Array | undefined
      await denoise(
        tiny,
        tiny.model,
        { ...request, ...(resume && { resume }) },
        {
          signal: stop.signal,
          onStep: ({ latents }) => {
            made = latents
            stop.abort()
          },
        },
      ).catch((error) => {
        if (!(error instanceof Stopped)) throw error
      })
      expect(maxDifference(made!, rowOf(expected, step))).toBeLessThan(1e-3)
    }
    const size = tiny.spec.latentShape.reduce((a, b) => a * b)
    const last = rowOf(expected, steps - 1)
    for (const k of [0, 1]) {
      const image = await tiny.vaeDecoder.decode(last.slice(k * size, (k + 1) * size), tiny.spec.latentShape)
      const picture = await decodePhoto(readFileSync(`test/golden/${folder}/${name}.${k}.png`))
      expect(maxDifference(image.data, picture.data)).toBeLessThanOrEqual(2)
    }
  })
})
