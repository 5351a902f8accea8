// log and sincos in float32 as PyTorch's AVX2 kernels compute them: the Cephes polynomials (Moshier) in the vector form of
// avx_mathfun, with the multiply-adds fused. They differ from the correctly rounded values by up to 3 ulp.
const { fround } = Math

/** a * b + c with one rounding; the product of two float32 values is exact in double precision. */
const fma = (a: number, b: number, c: number): number => fround(a * b + c)

const bits = new DataView(new ArrayBuffer(4))
const SQRT_HALF = fround(Math.SQRT1_2)
const LOG_POLYNOMIAL = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
].map(fround)
const LN2_LOW = fround(-2.1219444e-4)
const LN2_HIGH = fround(0.693359375)

/** Natural logarithm of a positive normal float32. */
export const logFloat32 = (value: number): number => {
  bits.setFloat32(0, value)
  const word = bits.getUint32(0)
  bits.setUint32(0, (word & 0x807fffff) | 0x3f000000)
  const mantissa = bits.getFloat32(0)
  const small = mantissa < SQRT_HALF
  const e = (word >>> 23) - 0x7f + (small ? 0 : 1)
  const x = fround(fround(mantissa - 1) + (small ? mantissa : 0))
  const z = fround(x * x)
  let y = LOG_POLYNOMIAL[0]!
  for (const coefficient of LOG_POLYNOMIAL.slice(1)) y = fma(y, x, coefficient)
  y = fround(y * x)
  y = fma(e, LN2_LOW, fround(y * z))
  y = fma(-0.5, z, y)
  return fma(e, LN2_HIGH, fround(x + y))
}

const FOUR_OVER_PI = fround(1.27323954473516)
const MINUS_PI_OVER_4 = [-0.78515625, -2.4187564849853516e-4, -3.774894977445941e-8].map(fround)
const COSINE = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2].map(fround) as [
  number,
  number,
  number,
]
const SINE = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1].map(fround) as [number, number, number]

/** Sine and cosine of a float32 angle of at least 0. */
export const sincosFloat32 = (angle: number): [sin: number, cos: number] => {
  const octant = (Math.trunc(fround(angle * FOUR_OVER_PI)) + 1) & ~1
  let x = angle
  for (const part of MINUS_PI_OVER_4) x = fma(octant, part, x)
  const z = fround(x * x)
  let even = fma(fma(COSINE[0], z, COSINE[1]), z, COSINE[2])
  even = fround(fround(even * z) * z)
  even = fround(fma(-0.5, z, even) + 1)
  let odd = fma(fma(SINE[0], z, SINE[1]), z, SINE[2])
  odd = fma(fround(odd * z), x, x)
  const swap = (octant & 2) !== 0
  const sinSign = octant & 4 ? -1 : 1
  const cosSign = (octant - 2) & 4 ? 1 : -1
  return [sinSign * (swap ? even : odd), cosSign * (swap ? odd : even)]
}
