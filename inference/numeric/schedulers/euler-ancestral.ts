import { createEulerLevels, predictClean } from './euler-levels.ts'
import { noiseOf, type Schedule, type Scheduler, type StepInput } from './scheduler.ts'
import { readPredictionType, type SchedulerConfig } from './scheduler-config.ts'

/** Ancestral sampling with Euler's method, after k-diffusion: a step goes further down and adds noise back. */
export const createEulerAncestral = (config: SchedulerConfig): Scheduler => {
  const type = readPredictionType(config)
  const setTimesteps = (steps: number): Schedule => {
    const levels = createEulerLevels({ ...config, final_sigmas_type: 'zero' }, steps, { karras: false })
    return {
      ...levels,
      // The noise of the last step would weigh nothing.
      takesNoise: (index) => index < steps - 1,
      step: (index, input: StepInput) => {
        const { prediction, sample } = input
        const [from, to] = [levels.sigmas[index]!, levels.sigmas[index + 1]!]
        const up = Math.sqrt((to ** 2 * (from ** 2 - to ** 2)) / from ** 2)
        const down = Math.sqrt(to ** 2 - up ** 2)
        const clean = predictClean(type, prediction, sample, from)
        const lower = sample.map((x, i) => x + ((x - clean[i]!) / from) * (down - from))
        if (index === steps - 1) return { sample: lower }
        const fresh = noiseOf(input, index)
        return { sample: lower.map((x, i) => x + fresh[i]! * up) }
      },
    }
  }
  return { setTimesteps }
}
