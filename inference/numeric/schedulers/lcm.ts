import { alphasCumprod } from './noise-schedule.ts'
import { noiseOf, type Scheduler, SchedulerError, type StepInput, unscaled } from './scheduler.ts'
import { readFlag, readNumber, readPredictionType, refuseOptions, type SchedulerConfig } from './scheduler-config.ts'

/** Spread of the data that the boundary condition assumes: Song et al., "Consistency models" (2023), appendix C. */
const SIGMA_DATA = 0.5

/**
 * Multistep sampling of a latent consistency model: Luo et al. (2023), algorithm 3. Every step but the last adds fresh
 * noise.
 */
export const createLcm = (config: SchedulerConfig): Scheduler => {
  refuseOptions(config, { thresholding: [false] })
  const alphas = alphasCumprod(config, {
    keepsLast: false,
    defaults: { start: 0.00085, end: 0.012, kind: 'scaled_linear' },
  })
  const clip = readFlag(config, 'clip_sample', false) ? readNumber(config, 'clip_sample_range', 1) : Infinity
  const velocity = readPredictionType(config) === 'v_prediction'
  const scaling = readNumber(config, 'timestep_scaling', 10)
  const originalSteps = readNumber(config, 'original_inference_steps', 50)

  const setTimesteps = (steps: number) => {
    if (!Number.isInteger(steps) || steps < 1 || steps > originalSteps) {
      throw new SchedulerError(`The scheduler lcm supports 1 to ${originalSteps} steps, not ${steps}`)
    }
    const stride = Math.floor(alphas.length / originalSteps)
    const timesteps = Array.from({ length: steps }, (_, i) => {
      const skipped = Math.floor((i * originalSteps) / steps)
      return (originalSteps - skipped) * stride - 1
    })
    const last = steps - 1
    return {
      timesteps,
      sigmas: [],
      initNoiseSigma: 1,
      takesNoise: (index: number) => index < last,
      scaleModelInput: unscaled,
      step: (index: number, input: StepInput) => {
        const { prediction, sample } = input
        const t = timesteps[index]!
        const [signal, noise] = [Math.sqrt(alphas[t]!), Math.sqrt(1 - alphas[t]!)]
        const scaled = t * scaling
        const skip = SIGMA_DATA ** 2 / (scaled ** 2 + SIGMA_DATA ** 2)
        const out = scaled / Math.sqrt(scaled ** 2 + SIGMA_DATA ** 2)
        const denoised = sample.map((x, i) => {
          const clean = velocity ? signal * x - noise * prediction[i]! : (x - noise * prediction[i]!) / signal
          return out * Math.min(Math.max(clean, -clip), clip) + skip * x
        })
        if (index === last) return { sample: denoised }
        const next = alphas[timesteps[index + 1]!]!
        const fresh = noiseOf(input, index)
        return { sample: denoised.map((x, i) => Math.sqrt(next) * x + Math.sqrt(1 - next) * fresh[i]!) }
      },
    }
  }
  return { setTimesteps }
}
