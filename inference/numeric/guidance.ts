/**
 * Classifier-free guidance (Ho and Salimans, 2022): unconditional + scale * (conditional - unconditional).
 * All arrays have the same length.
 */
export const guide = (unconditional: Float32Array, conditional: Float32Array, scale: number): Float32Array =>
  unconditional.map((u, i) => u + Math.fround(scale * Math.fround(conditional[i]! - u)))

/** Guidance of at most 1 has no effect: the unconditional prediction would not be used. */
export const isGuided = (scale: number): boolean => scale > 1
