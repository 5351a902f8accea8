import { alphasCumprod } from './noise-schedule.ts'
import type { PredictionType, SchedulerConfig } from './scheduler-config.ts'
import { readChoice, readNumber, readTimestepSpacing } from './scheduler-config.ts'
import { interpolate, karrasSigmas, timestepOfSigma, trainingSigmas } from './sigmas.ts'
import { requireSteps, spaceTimesteps } from './timesteps.ts'

/** The clean image that a prediction means, for a sample of variance 1 + sigma^2. */
export const predictClean = (type: PredictionType, prediction: Float32Array, sample: Float32Array, sigma: number) =>
  type === 'epsilon'
    ? sample.map((x, i) => x - sigma * prediction[i]!)
    : sample.map((x, i) => (prediction[i]! * -sigma) / Math.sqrt(sigma ** 2 + 1) + x / (sigma ** 2 + 1))

/** What the Euler samplers share: noise levels, and samples that carry them unscaled. */
export const createEulerLevels = (config: SchedulerConfig, steps: number, { karras }: { karras: boolean }) => {
  const alphas = alphasCumprod(config, { keepsLast: true })
  requireSteps(steps, alphas.length)
  const training = trainingSigmas(alphas)
  const spacing = readTimestepSpacing(config, 'linspace')
  let timesteps = spaceTimesteps(
    { spacing, steps, trainTimesteps: alphas.length, stepsOffset: readNumber(config, 'steps_offset', 0) },
    { whole: false },
  )
  let sigmas = timesteps.map((t) => interpolate(training, t))
  if (karras) {
    const highest = readNumber(config, 'sigma_max', sigmas[0]!)
    const lowest = readNumber(config, 'sigma_min', sigmas.at(-1)!)
    sigmas = karrasSigmas(highest, lowest, steps)
    timesteps = sigmas.map((sigma) => Math.fround(timestepOfSigma(sigma, training)))
  }
  const toZero = readChoice(config, 'final_sigmas_type', ['zero', 'sigma_min'], 'zero') === 'zero'
  const levels = [...sigmas, toZero ? 0 : training[0]!].map(Math.fround)
  const highest = Math.max(...levels)
  return {
    timesteps,
    sigmas: levels,
    initNoiseSigma: spacing === 'leading' ? Math.sqrt(highest ** 2 + 1) : highest,
    scaleModelInput: (sample: Float32Array, index: number) => {
      const scale = Math.sqrt(levels[index]! ** 2 + 1)
      return sample.map((x) => x / scale)
    },
  }
}
