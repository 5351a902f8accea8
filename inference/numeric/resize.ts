import type { RgbImage } from './image.ts'

// Bilinear resize of 8-bit images bit for bit as OpenCV's resize(INTER_LINEAR) does it: weights of 11 bits, a horizontal
// pass to 32-bit sums, a vertical pass that drops 4 bits before and 18 after the product (modules/imgproc/src/resize.cpp).
const WEIGHT_ONE = 2048

interface Taps {
  /** Index of the first and of the second source sample of every output sample. */
  first: Int32Array
  second: Int32Array
  /** Their weights, which sum to 2048 give or take the rounding of either. */
  firstWeight: Int32Array
  secondWeight: Int32Array
}

/** Round half to even, as C's rint does. */
export const rint = (value: number): number => {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor
}

const clamp = (value: number, last: number) => (value < 0 ? 0 : value > last ? last : value)

/**
 * `snap` moves a tap beyond the border wholly onto the border sample. OpenCV does so along x only; along y it weighs the
 * border row twice, which rounds differently.
 */
const createTaps = (from: number, to: number, scale: number, snap: boolean): Taps => {
  const taps: Taps = {
    first: new Int32Array(to),
    second: new Int32Array(to),
    firstWeight: new Int32Array(to),
    secondWeight: new Int32Array(to),
  }
  for (let i = 0; i < to; i++) {
    const position = Math.fround((i + 0.5) * scale - 0.5)
    let index = Math.floor(position)
    let fraction = Math.fround(position - index)
    if (snap && (index < 0 || index >= from - 1)) {
      index = clamp(index, from - 1)
      fraction = 0
    }
    taps.first[i] = clamp(index, from - 1)
    taps.second[i] = clamp(index + 1, from - 1)
    taps.firstWeight[i] = rint(Math.fround(1 - fraction) * WEIGHT_ONE)
    taps.secondWeight[i] = rint(fraction * WEIGHT_ONE)
  }
  return taps
}

/** One source row to the horizontal sums of one output row, `[width*3]`. */
const sumRow = (source: Uint8Array, rowStart: number, taps: Taps, out: Int32Array): void => {
  const { first, second, firstWeight, secondWeight } = taps
  for (let x = 0, o = 0; x < first.length; x++, o += 3) {
    const a = rowStart + first[x]! * 3
    const b = rowStart + second[x]! * 3
    const wa = firstWeight[x]!
    const wb = secondWeight[x]!
    out[o] = source[a]! * wa + source[b]! * wb
    out[o + 1] = source[a + 1]! * wa + source[b + 1]! * wb
    out[o + 2] = source[a + 2]! * wa + source[b + 2]! * wb
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
  const horizontal = createTaps(image.width, width, scaleX, true)
  const vertical = createTaps(image.height, height, scaleY, false)
  const data = new Uint8Array(width * height * 3)
  const row = width * 3
  let upper = new Int32Array(row)
  let lower = new Int32Array(row)
  let upperRow = -1
  let lowerRow = -1
  for (let y = 0, o = 0; y < height; y++) {
    const first = vertical.first[y]!
    const second = vertical.second[y]!
    if (first === lowerRow) {
      ;[upper, lower] = [lower, upper]
      ;[upperRow, lowerRow] = [lowerRow, upperRow]
    }
    if (first !== upperRow) sumRow(source, first * image.width * 3, horizontal, upper)
    if (second !== lowerRow) sumRow(source, second * image.width * 3, horizontal, lower)
    upperRow = first
    lowerRow = second
    const wa = vertical.firstWeight[y]!
    const wb = vertical.secondWeight[y]!
    for (let x = 0; x < row; x++, o++) {
      data[o] = (((wa * (upper[x]! >> 4)) >> 16) + ((wb * (lower[x]! >> 4)) >> 16) + 2) >> 2
    }
  }
  return { data, width, height }
}
