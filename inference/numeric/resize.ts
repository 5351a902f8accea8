import type { RgbImage } from './image.ts'

// Bilinear resize of 8-bit images bit for bit as OpenCV's resize(INTER_LINEAR) does it: weights of 11 bits, a horizontal
// pass to 32-bit sums, a vertical pass that drops 4 bits before and 18 after the product (modules/imgproc/src/resize.cpp).
const WEIGHT_ONE = 2048

/** Round half to even, as C's rint does. */
export const rint = (value: number): number => {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor
}

const clamp = (value: number, last: number) => (value < 0 ? 0 : value > last ? last : value)

const TAP = 4

/**
 * Four numbers an output sample: where its two source samples lie, in steps of `step`, and their weights, which sum to 2048 give
 * or take the rounding of either. `snap` moves a sample beyond the border wholly onto the border. OpenCV does so along x only;
 * along y it weighs the border row twice, which rounds differently.
 */
const createTaps = (from: number, to: number, scale: number, step: number, snap: boolean): Int32Array => {
  const taps = new Int32Array(to * TAP)
  for (let i = 0; i < to; i++) {
    const position = Math.fround((i + 0.5) * scale - 0.5)
    let index = Math.floor(position)
    let fraction = Math.fround(position - index)
    if (snap && (index < 0 || index >= from - 1)) {
      index = clamp(index, from - 1)
      fraction = 0
    }
    taps[i * TAP] = clamp(index, from - 1) * step
    taps[i * TAP + 1] = clamp(index + 1, from - 1) * step
    taps[i * TAP + 2] = rint(Math.fround(1 - fraction) * WEIGHT_ONE)
    taps[i * TAP + 3] = rint(fraction * WEIGHT_ONE)
  }
  return taps
}

const { imul } = Math

/**
 * One output row from the source rows that start at `upper` and `lower`. Written out channel by channel: with an inner loop
 * it takes a quarter longer, with rows of intermediate sums nearly twice as long.
 */
const fillRow = (
  source: Uint8Array,
  upper: number,
  lower: number,
  upperWeight: number,
  lowerWeight: number,
  taps: Int32Array,
  out: Uint8Array,
  start: number,
): void => {
  for (let i = 0, o = start; i < taps.length; i += TAP, o += 3) {
    const wa = taps[i + 2]!
    const wb = taps[i + 3]!
    const ua = upper + taps[i]!
    const ub = upper + taps[i + 1]!
    const la = lower + taps[i]!
    const lb = lower + taps[i + 1]!
    const u0 = (imul(source[ua]!, wa) + imul(source[ub]!, wb)) >> 4
    const l0 = (imul(source[la]!, wa) + imul(source[lb]!, wb)) >> 4
    out[o] = ((imul(upperWeight, u0) >> 16) + (imul(lowerWeight, l0) >> 16) + 2) >> 2
    const u1 = (imul(source[ua + 1]!, wa) + imul(source[ub + 1]!, wb)) >> 4
    const l1 = (imul(source[la + 1]!, wa) + imul(source[lb + 1]!, wb)) >> 4
    out[o + 1] = ((imul(upperWeight, u1) >> 16) + (imul(lowerWeight, l1) >> 16) + 2) >> 2
    const u2 = (imul(source[ua + 2]!, wa) + imul(source[ub + 2]!, wb)) >> 4
    const l2 = (imul(source[la + 2]!, wa) + imul(source[lb + 2]!, wb)) >> 4
    out[o + 2] = ((imul(upperWeight, u2) >> 16) + (imul(lowerWeight, l2) >> 16) + 2) >> 2
  }
}

/** Exactly half the size: OpenCV takes the mean of 2x2 instead. */
const halve = (source: Uint8Array, sourceWidth: number, width: number, height: number): Uint8Array => {
  const out = new Uint8Array(width * height * 3)
  for (let y = 0, o = 0; y < height; y++) {
    let a = y * 2 * sourceWidth * 3
    let b = a + sourceWidth * 3
    for (let x = 0; x < width; x++, a += 6, b += 6) {
      for (let c = 0; c < 3; c++, o++) {
        out[o] = (source[a + c]! + source[a + c + 3]! + source[b + c]! + source[b + c + 3]! + 2) >> 2
      }
    }
  }
  return out
}

/**
 * Scales an image to `width` x `height` bilinearly, without smoothing before it. `factorX` and `factorY` are output pixels
 * per input pixel where they are known better than by the rounded sizes.
 */
export const resizeBilinear = (
  image: RgbImage,
  width: number,
  height: number,
  factorX: number = width / image.width,
  factorY: number = height / image.height,
): RgbImage => {
  const source = image.data
  if (width === image.width && height === image.height) return image
  const scaleX = 1 / factorX
  const scaleY = 1 / factorY
  if (scaleX === 2 && scaleY === 2 && image.width >= 2 * width && image.height >= 2 * height) {
    return { data: halve(source, image.width, width, height), width, height }
  }
  const columns = createTaps(image.width, width, scaleX, 3, true)
  const rows = createTaps(image.height, height, scaleY, image.width * 3, false)
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    const tap = y * TAP
    fillRow(source, rows[tap]!, rows[tap + 1]!, rows[tap + 2]!, rows[tap + 3]!, columns, data, y * width * 3)
  }
  return { data, width, height }
}
