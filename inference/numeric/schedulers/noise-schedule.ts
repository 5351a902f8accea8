import { SchedulerError } from './scheduler.ts'
import { type BetaSchedule, readChoice, readFlag, readNumber, type SchedulerConfig } from './scheduler-config.ts'

// The reference computes these in float32. A sigma of 14.6 has a float32 spacing of 1e-6, so the roundings are kept.
const { fround, sqrt } = Math

const betaSchedules: readonly BetaSchedule[] = ['linear', 'scaled_linear', 'squaredcos_cap_v2']

/** Betas are capped there in the cosine schedule (Nichol and Dhariwal, 2021). */
const MAX_BETA = 0.999

/** Signal left at the last timestep when betas are rescaled to zero terminal SNR: float16's smallest step. */
const LAST_ALPHA = 2 ** -24

/** `torch.linspace` in float32: from either end to the middle. */
const linspace = (start: number, end: number, n: number): Float32Array => {
  const [first, last] = [fround(start), fround(end)]
  const step = fround(fround(last - first) / (n - 1))
  return Float32Array.from({ length: n }, (_, i) =>
    i < n / 2 ? first + fround(step * i) : last - fround(step * (n - 1 - i)),
  )
}

const betas = (config: SchedulerConfig, n: number, defaults: { start: number; end: number; kind: BetaSchedule }) => {
  const trained = config.trained_betas
  if (Array.isArray(trained)) {
    if (trained.length < n || !trained.every((beta) => typeof beta === 'number' && beta > 0 && beta < 1))
      throw new SchedulerError(`trained_betas must be ${n} numbers between 0 and 1`)
    return Float32Array.from(trained)
  }
  const start = readNumber(config, 'beta_start', defaults.start)
  const end = readNumber(config, 'beta_end', defaults.end)
  switch (readChoice(config, 'beta_schedule', betaSchedules, defaults.kind)) {
    case 'linear':
      return linspace(start, end, n)
    case 'scaled_linear':
      return linspace(sqrt(start), sqrt(end), n).map((root) => root * root)
    case 'squaredcos_cap_v2': {
      const alphaBar = (t: number) => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2
      return Float32Array.from({ length: n }, (_, i) => Math.min(1 - alphaBar((i + 1) / n) / alphaBar(i / n), MAX_BETA))
    }
  }
}

const cumulativeProduct = (values: Float32Array): Float32Array => {
  let product = 1
  return values.map((value) => {
    product *= value
    return product
  })
}

/** Lin et al., "Common diffusion noise schedules and sample steps are flawed" (2023), algorithm 1. */
const rescaleToZeroSnr = (original: Float32Array): Float32Array => {
  const roots = cumulativeProduct(original.map((beta) => 1 - beta)).map(sqrt)
  const [first, last] = [roots[0]!, roots.at(-1)!]
  const scale = fround(first / fround(first - last))
  const bars = roots.map((root) => fround(fround(root - last) * scale) ** 2)
  return bars.map((bar, i) => 1 - (i === 0 ? bar : fround(bar / bars[i - 1]!)))
}

/**
 * How much of the image's variance is left at every training timestep (alphas_cumprod), float32 values.
 * `keepsLast`: the schedulers that divide by it leave a little signal where betas are rescaled to none.
 */
export const alphasCumprod = (
  config: SchedulerConfig,
  {
    keepsLast,
    defaults = { start: 0.0001, end: 0.02, kind: 'linear' },
  }: {
    keepsLast: boolean
    defaults?: { start: number; end: number; kind: BetaSchedule }
  },
): Float32Array => {
  const n = readNumber(config, 'num_train_timesteps', 1000)
  const rescaled = readFlag(config, 'rescale_betas_zero_snr', false)
  const plain = betas(config, n, defaults)
  const alphas = cumulativeProduct((rescaled ? rescaleToZeroSnr(plain) : plain).map((beta) => 1 - beta))
  if (rescaled && keepsLast) alphas[alphas.length - 1] = LAST_ALPHA
  return alphas
}
