import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { completeSettings } from '../../../contracts/diffusion-settings.ts'
import { denoise } from '../../../inference/diffusion/denoise.ts'
import { decodePhoto } from '../../../inference/photos/decode.ts'
import { maxDifference, readGolden, readGoldenJson, rowOf } from '../../support/arrays.ts'
import { loadDiffusion } from '../../support/networks.ts'

it('makes of the demo bundle what diffusers makes of its checkpoint, seeds included', async () => {
  const { names, seed, steps, guidance } = readGoldenJson<{
    names: string[]
    seed: number
    steps: number
    guidance: number
  }>('demo/facts.json')
  const demo = await loadDiffusion('models/demo')
  const faces = readGolden('demo/embedding.npy')
  const latents = await denoise(demo, demo.model, {
    images: names.map((_, k) => ({ embedding: rowOf(faces, k), seed })),
    settings: completeSettings({ num_steps: steps, guidance_scale: guidance, scheduler: 'dpmpp_2m', generator: 'cpu' }),
  })
  expect(maxDifference(latents, readGolden('demo/latents.npy').data)).toBeLessThan(1e-3)
  const size = latents.length / names.length
  for (const [k, name] of names.entries()) {
    const image = await demo.vaeDecoder.decode(latents.slice(k * size, (k + 1) * size), demo.spec.latentShape)
    const picture = await decodePhoto(readFileSync(`test/golden/demo/${name.replace('.jpg', '.png')}`))
    expect(maxDifference(image.data, picture.data)).toBeLessThanOrEqual(2)
  }
})
