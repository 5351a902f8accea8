import { dot, toUnit } from './vector.ts'

/** Cosine of two unit vectors, in [-1, 1]. */
export const cosine = (a: Float32Array, b: Float32Array): number => Math.max(-1, Math.min(1, dot(a, b)))

const meanOf = (vectors: readonly Float32Array[]): Float32Array => {
  const sum = new Float32Array(vectors[0]!.length)
  for (const vector of vectors) for (let i = 0; i < sum.length; i++) sum[i]! += vector[i]!
  return toUnit(sum)
}

/** Below this cosine to the mean of the rest a face is somebody else's; strangers lie around 0, one person above 0.3. */
const defaultThreshold = 0.2

export type Combined =
  | { readonly identity: Float32Array; readonly outliers?: undefined }
  | { readonly identity?: undefined; readonly outliers: readonly number[]; readonly cosines: readonly number[] }

/**
 * One person's vector from those of several photos: mean of the unit vectors, a unit vector again. Where some are unlike
 * the rest, which ones (by index) and every vector's cosine to the mean of the others.
 */
export const combineIdentities = (vectors: readonly Float32Array[], threshold = defaultThreshold): Combined => {
  if (vectors.length === 0) throw new RangeError('No vectors to combine')
  if (vectors.length === 1) return { identity: toUnit(vectors[0]!) }
  const cosines = vectors.map((vector, index) => cosine(toUnit(vector), meanOf(vectors.filter((_, k) => k !== index))))
  const outliers = cosines.flatMap((value, index) => (value < threshold ? [index] : []))
  return outliers.length === 0 ? { identity: meanOf(vectors.map(toUnit)) } : { outliers, cosines }
}
