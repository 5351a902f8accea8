import sharp, { type Sharp } from 'sharp'
import type { RgbImage } from '../numeric/image.ts'

// A worker's photos are all different: libvips' cache would only hold memory.
sharp.cache(false)

export { type Sharp, sharp }

/** A sharp pipeline that starts from raw pixels. */
export const fromPixels = ({ data, width, height }: RgbImage) =>
  sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false })
