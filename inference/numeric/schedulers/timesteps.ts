import { SchedulerError } from './scheduler.ts'
import type { TimestepSpacing } from './scheduler-config.ts'

/** numpy rounds halves to even. */
const round = (x: number): number => {
  const down = Math.floor(x)
  if (x - down !== 0.5) return Math.round(x)
  return down % 2 === 0 ? down : down + 1
}

/** numpy.linspace(0, last, n). */
const linspace = (last: number, n: number): number[] =>
  Array.from({ length: n }, (_, i) => (i === n - 1 && n > 1 ? last : n > 1 ? i * (last / (n - 1)) : 0))

/**
 * numpy.arange(start, 0, -step), which adds up the difference of its first two values. By rounding it can go on to a
 * value just above 0, timestep -1, which no network was trained on: `most` values leave that out.
 */
const fallingTo0 = (start: number, step: number, most: number): number[] => {
  const difference = start - step - start
  const length = Math.min(Math.ceil(start / step), most)
  return Array.from({ length }, (_, i) => start + i * difference)
}

export interface SpacingOptions {
  spacing: TimestepSpacing
  steps: number
  trainTimesteps: number
  stepsOffset: number
}

/** Falling timesteps as DDIM takes them: Lin et al. (2023), table 2. `whole: false` keeps linspace's fractions. */
export const spaceTimesteps = (
  { spacing, steps, trainTimesteps, stepsOffset }: SpacingOptions,
  { whole = true } = {},
): number[] => {
  switch (spacing) {
    case 'linspace': {
      const values = linspace(trainTimesteps - 1, steps)
      return values.map(whole ? round : Math.fround).reverse()
    }
    case 'leading': {
      const ratio = Math.floor(trainTimesteps / steps)
      return Array.from({ length: steps }, (_, i) => i * ratio + stepsOffset).reverse()
    }
    case 'trailing':
      return fallingTo0(trainTimesteps, trainTimesteps / steps, steps).map((t) => round(t) - 1)
  }
}

/**
 * Falling timesteps as DPM-Solver takes them: `linspace` and `leading` cut one more step and leave the one at 0 out.
 * `last` is the number of training timesteps left after clipping at the highest noise.
 */
export const spaceSolverTimesteps = (
  { spacing, steps, trainTimesteps, stepsOffset }: SpacingOptions,
  last: number,
): number[] => {
  switch (spacing) {
    case 'linspace':
      return linspace(last - 1, steps + 1)
        .map(round)
        .reverse()
        .slice(0, -1)
    case 'leading': {
      const ratio = Math.floor(last / (steps + 1))
      return Array.from({ length: steps }, (_, i) => (i + 1) * ratio + stepsOffset).reverse()
    }
    case 'trailing':
      return fallingTo0(last, trainTimesteps / steps, steps).map((t) => round(t) - 1)
  }
}

const tooMany = (steps: number) =>
  new SchedulerError(`The scheduler has too few timesteps for ${steps} steps. Use fewer steps`)

/** Rounding and an offset can lead past the noise levels that the network was trained on. Throws `SchedulerError`. */
export const requireTrained = (timesteps: readonly number[], trainTimesteps: number): void => {
  if (timesteps.some((t) => t >= trainTimesteps)) throw tooMany(timesteps.length)
}

/** A solver divides by what a step changes. Throws `SchedulerError` unless each level is lower than the one before. */
export const requireFalling = (levels: readonly number[]): void => {
  if (levels.some((level, index) => level >= (levels[index - 1] ?? Infinity))) throw tooMany(levels.length)
}

export const requireSteps = (steps: number, most: number): void => {
  if (!Number.isInteger(steps) || steps < 1 || steps > most)
    throw new SchedulerError(`The scheduler supports 1 to ${most} steps, not ${steps}`)
}
