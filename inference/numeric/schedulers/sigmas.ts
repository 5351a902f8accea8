const { fround, log, sqrt } = Math

/** Karras et al. (2022) use 7. */
const RHO = 7
const SMALLEST_SIGMA = 1e-10

/** Noise level of every training timestep, sqrt((1 - a) / a), float32 values. */
export const trainingSigmas = (alphas: Float32Array): Float32Array =>
  alphas.map((alpha) => sqrt(fround(fround(1 - alpha) / alpha)))

/** `values` at a fractional index, held at the ends: numpy.interp. */
export const interpolate = (values: Float32Array, index: number): number => {
  const at = Math.min(Math.max(index, 0), values.length - 1)
  const low = Math.min(Math.floor(at), values.length - 2)
  const slope = values[low + 1]! - values[low]!
  return slope * (at - low) + values[low]!
}

/** `steps` falling noise levels, evenly spaced in sigma^(1/7): Karras et al. (2022), equation 5. */
export const karrasSigmas = (highest: number, lowest: number, steps: number): number[] => {
  const [from, to] = [highest ** (1 / RHO), lowest ** (1 / RHO)]
  return Array.from({ length: steps }, (_, i) => (from + (steps > 1 ? i / (steps - 1) : 0) * (to - from)) ** RHO)
}

/** The fractional training timestep with that noise level, by its logarithm. `sigmas` rise. */
export const timestepOfSigma = (sigma: number, sigmas: Float32Array): number => {
  const logs = sigmas.map(log)
  const wanted = log(Math.max(sigma, SMALLEST_SIGMA))
  let low = 0
  while (low < logs.length - 2 && logs[low + 1]! <= wanted) low++
  const weight = (logs[low]! - wanted) / (logs[low]! - logs[low + 1]!)
  return low + Math.min(Math.max(weight, 0), 1)
}
