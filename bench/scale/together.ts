import { median } from '../statistics.ts'
import type { HistoryFacts } from './history-facts.ts'
import type { ScaleStand } from './scale-stand.ts'

export const round = (value: number, digits = 0): number => Number(value.toFixed(digits))

/** Its step on the gpu queue. */
export const diffusionOf = ({ activities }: HistoryFacts) => activities.find(({ type }) => type === 'generateImages')!

/**
 * As many at once as the worker has slots, against one alone: what sharing the UNet's batches gains through the whole stack. The
 * best round of each counts: other programs can only make one slower.
 */
export const measureTogether = async (stand: ScaleStand, { repeats, input }: { repeats: number; input: object }) => {
  const jobs = 4
  const runAtOnce = async (count: number): Promise<number> => {
    const ids = await Promise.all(
      Array.from({ length: count }, (_, n) => stand.create({ ...input, num_images: 1, seed: n })),
    )
    await Promise.all(ids.map((id) => stand.waitFor(id)))
    const facts = await Promise.all(ids.map((id) => stand.facts(id)))
    return median(facts.map((one) => diffusionOf(one).runMs))
  }
  const alone: number[] = []
  const together: number[] = []
  for (let k = 0; k < repeats; k++) {
    alone.push(await runAtOnce(1))
    together.push(await runAtOnce(jobs))
  }
  const [one, four] = [Math.min(...alone), Math.min(...together)]
  return { jobs, aloneMs: round(one), togetherMs: round(four), gain: round((jobs * one) / four, 2) }
}
