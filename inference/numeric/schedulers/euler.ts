import { createEulerLevels, predictClean } from './euler-levels.ts'
import type { Schedule, Scheduler } from './scheduler.ts'
import { readFlag, readPredictionType, refuseOptions, type SchedulerConfig } from './scheduler-config.ts'

/** Euler's method on the probability flow: Karras et al. (2022), algorithm 2 without churn. */
export const createEuler = (config: SchedulerConfig): Scheduler => {
  refuseOptions(config, {
    interpolation_type: ['linear'],
    timestep_type: ['discrete'],
    use_exponential_sigmas: [false],
    use_beta_sigmas: [false],
  })
  const type = readPredictionType(config)
  const setTimesteps = (steps: number): Schedule => {
    const levels = createEulerLevels(config, steps, { karras: readFlag(config, 'use_karras_sigmas', false) })
    return {
      ...levels,
      takesNoise: () => false,
      step: (index, { prediction, sample }) => {
        const [from, to] = [levels.sigmas[index]!, levels.sigmas[index + 1]!]
        const clean = predictClean(type, prediction, sample, from)
        return { sample: sample.map((x, i) => x + ((x - clean[i]!) / from) * (to - from)) }
      },
    }
  }
  return { setTimesteps }
}
