import type { RgbImage } from './image.ts'
import { type Affine, invertAffine } from './similarity-transform.ts'

const { fround } = Math

/** Round half to even, then to 0…255. */
const toByte = (value: number): number => {
  const floor = Math.floor(value)
  const rest = value - floor
  const rounded = rest > 0.5 || (rest === 0.5 && (floor & 1) === 1) ? floor + 1 : floor
  return rounded < 0 ? 0 : rounded > 255 ? 255 : rounded
}

/**
 * Draws `image` through `transform` (image to output) into a new `width` x `height` image, bilinear, black outside: bit for bit
 * OpenCV 5's warpAffine for 8-bit images, which works in 32-bit floats (modules/imgproc/src/warp_kernels.simd.hpp).
 */
export const warpAffine = (image: RgbImage, transform: Affine, width: number, height: number): RgbImage => {
  const { data: source, width: columns, height: rows } = image
  const [m0, m1, m2, m3, m4, m5] = invertAffine(transform).map(fround) as unknown as Affine
  const data = new Uint8Array(width * height * 3)
  const stride = columns * 3
  for (let y = 0, o = 0; y < height; y++) {
    const shiftX = fround(fround(y * m1) + m2)
    const shiftY = fround(fround(y * m4) + m5)
    for (let x = 0; x < width; x++, o += 3) {
      const sx = fround(m0 * x + shiftX)
      const sy = fround(m3 * x + shiftY)
      const ix = Math.floor(sx)
      const iy = Math.floor(sy)
      // Also skips what is not a number.
      if (!(ix >= -1 && iy >= -1 && ix < columns && iy < rows)) continue
      const a = fround(sx - ix)
      const b = fround(sy - iy)
      const left = ix >= 0
      const right = ix + 1 < columns
      const top = iy >= 0
      const bottom = iy + 1 < rows
      const at = iy * stride + ix * 3
      for (let c = 0; c < 3; c++) {
        const p = at + c
        const p00 = top && left ? source[p]! : 0
        const p01 = top && right ? source[p + 3]! : 0
        const p10 = bottom && left ? source[p + stride]! : 0
        const p11 = bottom && right ? source[p + stride + 3]! : 0
        const upper = fround(p00 + a * (p01 - p00))
        const lower = fround(p10 + a * (p11 - p10))
        data[o + c] = toByte(fround(upper + b * fround(lower - upper)))
      }
    }
  }
  return { data, width, height }
}
