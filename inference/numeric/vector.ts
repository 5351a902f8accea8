/** Inner product; for unit vectors the cosine of their angle. */
export const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/** Euclidean length. */
const norm = (vector: ArrayLike<number>): number => Math.sqrt(dot(vector, vector))

/** The vector scaled to length 1. Throws a RangeError where it has no direction. */
export const toUnit = (vector: ArrayLike<number>): Float32Array => {
  const length = norm(vector)
  if (!(length > 0 && Number.isFinite(length)))
    throw new RangeError('The vector has length 0 or values that are not finite')
  return Float32Array.from(vector, (value) => value / length)
}
