import { readFile } from 'node:fs/promises'
import { type BatchModel, batchModelOf } from './batch-speed.ts'
import type { CostCase } from './costs.ts'
import type { ServiceTimes } from './simulate.ts'
import { stepsAfter, stepsBefore } from './steps-around.ts'

interface Activities {
  readonly [type: string]: { readonly count: number; readonly runMs: number }
}

interface MeasuredCase extends CostCase {
  readonly images: number
}

/** What bench/scale/measured.json holds, as far as the simulation goes. */
export interface Measured {
  readonly date: string
  readonly machine: string
  readonly bundle: string
  readonly steps: number
  readonly cases: readonly MeasuredCase[]
  readonly together: { readonly jobs: number; readonly gain: number }
  readonly coldStart: { readonly waitMs: readonly number[] }
}

export const readMeasured = async (file: string | URL): Promise<Measured> =>
  JSON.parse(await readFile(file, 'utf8')) as Measured

/** Of the case with so many images and no webhook; images in between are taken from the nearest case above. */
const caseOf = ({ cases }: Measured, images: number): MeasuredCase => {
  const plain = cases.filter(({ webhook }) => !webhook).sort((a, b) => a.images - b.images)
  return plain.find((one) => one.images >= images) ?? plain.at(-1)!
}

const secondsOf = (activities: Activities, types: readonly string[]): number =>
  types.reduce((sum, type) => {
    // What was measured before a step was added has no time of it.
    const { runMs, count } = activities[type] ?? { runMs: 0, count: 0 }
    return sum + (runMs * count) / 1000
  }, 0)

/** `image` is that of one image alone: with more, batches are the simulation's affair. */
export const serviceTimesOf = (measured: Measured, images: number): ServiceTimes => {
  const { activities } = caseOf(measured, images).prediction
  return {
    before: secondsOf(activities, stepsBefore),
    after: secondsOf(activities, stepsAfter),
    image: secondsOf(caseOf(measured, 1).prediction.activities, ['generateImages']),
  }
}

export const batchOf = ({ together }: Measured): BatchModel =>
  batchModelOf(Math.max(1, together.gain), together.jobs, together.jobs)

/** The median cold start, in seconds, without a machine and an image that have to come first. */
export const processStartOf = ({ coldStart: { waitMs } }: Measured): number =>
  [...waitMs].sort((a, b) => a - b)[waitMs.length >> 1]! / 1000
