import { afterAll, expect, it } from 'vitest'
import { completeSettings } from '../../../contracts/diffusion-settings.ts'
import { loadBundle } from '../../../inference/bundle.ts'
import {
  createDiffusionEngine,
  type GenerateRequest,
  type StepEvent,
} from '../../../inference/engine/diffusion-engine.ts'

const engine = createDiffusionEngine({ bundle: await loadBundle('models/demo'), maxBatchRows: 4 })
afterAll(() => engine.close())

const embedding = new Float32Array(512).fill(1 / Math.sqrt(512))
const request = (seed: number): GenerateRequest => ({
  images: [{ embedding, seed }],
  settings: completeSettings({ num_steps: 3, guidance_scale: 3, scheduler: 'dpmpp_2m', generator: 'cpu' }),
})

it('tells every call of the UNet once, and loading once, whichever jobs were in it', async () => {
  const events: StepEvent[] = []
  const generate = (seed: number) => engine.generate(request(seed), { onStep: (event) => events.push(event) })
  await Promise.all([generate(1), generate(2)])
  await generate(3)
  expect(events).toHaveLength(9)
  const batches = events.flatMap((event) => event.batches ?? [])
  // Three jobs of three steps, two rows each.
  expect(batches.reduce((sum, { rows }) => sum + rows, 0)).toBe(18)
  for (const { rows, limit } of batches) expect(rows).toBeLessThanOrEqual(limit)
  expect(new Set(batches.map(({ limit }) => limit))).toEqual(new Set([4]))
  const loads = events.flatMap(({ loadMs }) => loadMs ?? [])
  expect(loads).toHaveLength(1)
  expect(loads[0]).toBeGreaterThan(0)
})
