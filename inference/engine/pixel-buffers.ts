import type { RgbImage } from '../numeric/image.ts'

/** The buffers of images that can move to another thread. Part of a larger buffer can't: it is copied. */
export const pixelBuffers = (images: readonly RgbImage[]): ArrayBuffer[] =>
  images.flatMap(({ data: { buffer, byteLength } }) =>
    buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [],
  )
