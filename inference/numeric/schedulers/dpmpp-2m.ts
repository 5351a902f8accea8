import { alphasCumprod } from './noise-schedule.ts'
import { type Scheduler, unscaled } from './scheduler.ts'
import type { PredictionType, SchedulerConfig } from './scheduler-config.ts'
import {
  readChoice,
  readFlag,
  readNumber,
  readPredictionType,
  readTimestepSpacing,
  refuseOptions,
} from './scheduler-config.ts'
import { interpolate, karrasSigmas, timestepOfSigma, trainingSigmas } from './sigmas.ts'
import { requireFalling, requireSteps, spaceSolverTimesteps } from './timesteps.ts'

/** Runs shorter than this end with a first-order step when the configuration asks for it. */
const FEW_STEPS = 15

/**
 * DPM-Solver++(2M), the multistep second-order solver: Lu et al., "DPM-Solver++" (2022). Its memory is the last
 * prediction of the clean image. `karras` takes the noise levels of Karras et al. (2022).
 */
export const createDpmpp2m = (config: SchedulerConfig, { karras = false } = {}): Scheduler => {
  refuseOptions(config, {
    solver_order: [2],
    algorithm_type: ['dpmsolver++'],
    thresholding: [false],
    use_exponential_sigmas: [false],
    use_beta_sigmas: [false],
    use_lu_lambdas: [false],
    use_flow_sigmas: [false],
    variance_type: [null],
  })
  const alphas = alphasCumprod(config, { keepsLast: true })
  const levels = trainingSigmas(alphas)
  const predictionType = readPredictionType(config)
  const heun = readChoice(config, 'solver_type', ['midpoint', 'heun'], 'midpoint') === 'heun'
  const lowerOrderFinal = readFlag(config, 'lower_order_final', true)
  const eulerAtFinal = readFlag(config, 'euler_at_final', false)
  const toZero = readChoice(config, 'final_sigmas_type', ['zero', 'sigma_min'], 'zero') === 'zero'
  const usesKarras = karras || readFlag(config, 'use_karras_sigmas', false)
  const cosine = config.beta_schedule === 'squaredcos_cap_v2'
  const spacing = {
    spacing: readTimestepSpacing(config, 'linspace'),
    trainTimesteps: alphas.length,
    stepsOffset: readNumber(config, 'steps_offset', 0),
  }
  // Training timesteps whose log-SNR lies above the clip.
  const clip = config.lambda_min_clipped == null ? -Infinity : readNumber(config, 'lambda_min_clipped', -Infinity)
  const usable = levels.filter((level) => -Math.log(level) >= clip).length

  const setTimesteps = (steps: number) => {
    requireSteps(steps, alphas.length)
    let timesteps: number[]
    let sigmas: number[]
    if (usesKarras) {
      sigmas = karrasSigmas(levels.at(-1)!, levels[0]!, steps)
      const exact = sigmas.map((sigma) => timestepOfSigma(sigma, levels))
      timesteps = exact.map(cosine ? Math.trunc : Math.round)
    } else {
      timesteps = spaceSolverTimesteps({ ...spacing, steps }, usable)
      sigmas = timesteps.map((t) => interpolate(levels, t))
    }
    requireFalling(sigmas)
    sigmas = [...sigmas, toZero ? 0 : levels[0]!].map(Math.fround)
    const last = timesteps.length - 1
    const firstOrderAtEnd = eulerAtFinal || toZero || (lowerOrderFinal && timesteps.length < FEW_STEPS)
    const at = (index: number) => split(sigmas[index]!)

    return {
      timesteps,
      sigmas,
      initNoiseSigma: 1,
      takesNoise: () => false,
      scaleModelInput: unscaled,
      step: (
        index: number,
        { prediction, sample, memory }: { prediction: Float32Array; sample: Float32Array; memory?: Float32Array },
      ) => {
        const from = at(index)
        const to = at(index + 1)
        const clean = predictClean(predictionType, prediction, sample, from)
        const h = to.lambda - from.lambda
        const keep = to.sigma / from.sigma
        const gain = to.alpha * Math.expm1(-h)
        if (!memory || (index === last && firstOrderAtEnd))
          return { sample: sample.map((x, i) => keep * x - gain * clean[i]!), memory: clean }
        const r = (from.lambda - at(index - 1).lambda) / h
        const curve = heun ? -to.alpha * (Math.expm1(-h) / h + 1) : 0.5 * gain
        return {
          sample: sample.map((x, i) => keep * x - gain * clean[i]! - (curve * (clean[i]! - memory[i]!)) / r),
          memory: clean,
        }
      },
    }
  }
  return { setTimesteps }
}

interface Level {
  /** Weight of the image in the sample. */
  alpha: number
  /** Weight of the noise in the sample. */
  sigma: number
  /** Half the log signal-to-noise ratio. */
  lambda: number
}

const split = (ratio: number): Level => {
  const alpha = 1 / Math.sqrt(ratio * ratio + 1)
  return { alpha, sigma: ratio * alpha, lambda: -Math.log(ratio) }
}

const predictClean = (type: PredictionType, prediction: Float32Array, sample: Float32Array, { alpha, sigma }: Level) =>
  type === 'epsilon'
    ? sample.map((x, i) => (x - sigma * prediction[i]!) / alpha)
    : sample.map((x, i) => alpha * x - sigma * prediction[i]!)
