import type { RgbImage } from '../numeric/image.ts'
import { fromPixels } from './sharp.ts'

/** Lossless, with no metadata. */
export const encodePng = (image: RgbImage, { compressionLevel = 6 } = {}): Promise<Uint8Array> =>
  fromPixels(image).png({ compressionLevel }).toBuffer()

/** `quality` in [1, 100]. */
export const encodeJpeg = (image: RgbImage, quality = 90): Promise<Uint8Array> =>
  fromPixels(image).jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer()
