export type Point = readonly [x: number, y: number]

/** Row-major 2x3: `x' = m[0] x + m[1] y + m[2]`, `y' = m[3] x + m[4] y + m[5]`. */
export type Affine = readonly [number, number, number, number, number, number]

const mean = (points: readonly Point[], axis: 0 | 1) =>
  points.reduce((sum, point) => sum + point[axis], 0) / points.length

/**
 * The rotation, uniform scale and shift that bring `from` closest to `to` in the least squares sense: Umeyama, "Least-squares
 * estimation of transformation parameters between two point patterns" (1991), in its closed form for the plane.
 * Throws a RangeError where the points of `from` coincide.
 */
export const estimateSimilarity = (from: readonly Point[], to: readonly Point[]): Affine => {
  const [fx, fy, tx, ty] = [mean(from, 0), mean(from, 1), mean(to, 0), mean(to, 1)]
  let dot = 0
  let cross = 0
  let spread = 0
  for (const [i, point] of from.entries()) {
    const x = point[0] - fx
    const y = point[1] - fy
    const u = to[i]![0] - tx
    const v = to[i]![1] - ty
    dot += x * u + y * v
    cross += x * v - y * u
    spread += x * x + y * y
  }
  const cos = dot / spread
  const sin = cross / spread
  if (!Number.isFinite(cos) || !Number.isFinite(sin) || Math.hypot(cos, sin) === 0) {
    throw new RangeError('These points do not span a face')
  }
  return [cos, -sin, tx - cos * fx + sin * fy, sin, cos, ty - sin * fx - cos * fy]
}

/** The inverse map, by the formula that OpenCV's warpAffine uses. */
export const invertAffine = (m: Affine): Affine => {
  const determinant = m[0] * m[4] - m[1] * m[3]
  const d = determinant === 0 ? 0 : 1 / determinant
  const [a, b, c, e] = [m[4] * d, m[1] * -d, m[3] * -d, m[0] * d]
  return [a, b, -a * m[2] - b * m[5], c, e, -c * m[2] - e * m[5]]
}
