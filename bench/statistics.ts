type Values = ArrayLike<number>

export const sum = (values: Values): number => Array.from(values).reduce((a, b) => a + b, 0)

export const mean = (values: Values): number => sum(values) / values.length

/** The value that so large a share of all does not exceed; NaN of none. */
export const percentile = (values: Values, share: number): number => {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** The upper one of two in the middle; NaN of none. */
export const median = (values: Values): number => Float64Array.from(values).sort()[values.length >> 1] ?? Number.NaN
