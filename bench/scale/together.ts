import type { HistoryFacts } from './read-history.ts'
import type { ScaleStand } from './stand.ts'

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

export const round = (value: number, digits = 0): number => Number(value.toFixed(digits))

/** Its step on the gpu queue. */
export const diffusionOf = ({ activities }: HistoryFacts) => activities.find(({ type }) => type === 'generateImages')!

/** As many at once as the worker has slots, against one alone: what sharing the UNet's batches gains through the whole stack. */
export const measureTogether = async (stand: ScaleStand, { repeats, input }: { repeats: number; input: object }) => {
  const jobs = 4
  const alone: number[] = []
  const together: number[] = []
  for (let k = 0; k < repeats; k++) {
    for (const [count, into] of [
      [1, alone],
      [jobs, together],
    ] as const) {
      const ids = await Promise.all(
        Array.from({ length: count }, (_, n) => stand.create({ ...input, num_images: 1, seed: n })),
      )
      await Promise.all(ids.map((id) => stand.waitFor(id)))
      const all = await Promise.all(ids.map((id) => stand.facts(id)))
      into.push(...all.map((one) => diffusionOf(one).runMs))
    }
  }
  const [one, four] = [median(alone), median(together)]
  return { jobs, aloneMs: round(one), togetherMs: round(four), gain: round((jobs * one) / four, 2) }
}
