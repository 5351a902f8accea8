import { alphasCumprod } from './noise-schedule.ts'
import { type Scheduler, type StepInput, unscaled } from './scheduler.ts'
import {
  readFlag,
  readNumber,
  readPredictionType,
  readTimestepSpacing,
  refuseOptions,
  type SchedulerConfig,
} from './scheduler-config.ts'
import { requireSteps, requireTrained, spaceTimesteps } from './timesteps.ts'

/** DDIM without added noise (eta 0): Song et al., "Denoising diffusion implicit models" (2021), equation 12. */
export const createDdim = (config: SchedulerConfig): Scheduler => {
  refuseOptions(config, { thresholding: [false] })
  const alphas = alphasCumprod(config, { keepsLast: false })
  const finalAlpha = readFlag(config, 'set_alpha_to_one', true) ? 1 : alphas[0]!
  const clip = readFlag(config, 'clip_sample', true) ? readNumber(config, 'clip_sample_range', 1) : Infinity
  const velocity = readPredictionType(config) === 'v_prediction'

  const setTimesteps = (steps: number) => {
    requireSteps(steps, alphas.length)
    const timesteps = spaceTimesteps({
      spacing: readTimestepSpacing(config, 'leading'),
      steps,
      trainTimesteps: alphas.length,
      stepsOffset: readNumber(config, 'steps_offset', 0),
    })
    requireTrained(timesteps, alphas.length)
    const stride = Math.floor(alphas.length / steps)
    return {
      timesteps,
      sigmas: [],
      initNoiseSigma: 1,
      takesNoise: () => false,
      scaleModelInput: unscaled,
      step: (index: number, { prediction, sample }: StepInput) => {
        const t = timesteps[index]!
        const alpha = alphas[t]!
        const next = t - stride >= 0 ? alphas[t - stride]! : finalAlpha
        const [signal, noise] = [Math.sqrt(alpha), Math.sqrt(1 - alpha)]
        const [nextSignal, nextNoise] = [Math.sqrt(next), Math.sqrt(1 - next)]
        return {
          sample: sample.map((x, i) => {
            const output = prediction[i]!
            const clean = velocity ? signal * x - noise * output : (x - noise * output) / signal
            const epsilon = velocity ? signal * output + noise * x : output
            return nextSignal * Math.min(Math.max(clean, -clip), clip) + nextNoise * epsilon
          }),
        }
      },
    }
  }
  return { setTimesteps }
}
