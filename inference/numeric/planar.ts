import type { RgbImage } from './image.ts'

export interface PlanarOptions {
  /** The tensor's size, at least the image's; what the image does not cover is black. */
  width?: number
  height?: number
  /** Where in the tensor the image's upper left corner lies. */
  left?: number
  top?: number
  channels: 'rgb' | 'bgr'
  /** A value is (pixel - mean) / std. */
  mean: number
  std: number
}

/** Interleaved bytes to the float planes `[3,height,width]` that networks take. */
export const toPlanar = (
  image: RgbImage,
  { width = image.width, height = image.height, left = 0, top = 0, channels, mean, std }: PlanarOptions,
): Float32Array => {
  const plane = width * height
  const out = new Float32Array(3 * plane)
  const scale = Math.fround(1 / std)
  const black = -mean * scale
  if (plane > image.width * image.height && black !== 0) out.fill(black)
  const first = channels === 'rgb' ? 0 : 2 * plane
  const third = 2 * plane - first
  const { data } = image
  for (let y = 0, i = 0; y < image.height; y++) {
    let o = (y + top) * width + left
    for (let x = 0; x < image.width; x++, i += 3, o++) {
      out[first + o] = (data[i]! - mean) * scale
      out[plane + o] = (data[i + 1]! - mean) * scale
      out[third + o] = (data[i + 2]! - mean) * scale
    }
  }
  return out
}
