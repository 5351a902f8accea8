/**
 * How much faster a device is with several images at once. A UNet call of n images takes `fixed + n x (1 - fixed)` times
 * that of one; more images than fit take turns, so that the speed stays what it is at the limit.
 */
export interface BatchModel {
  /** Share of a call of one image that does not grow with the batch, from 0 (batching gains nothing) to 1. */
  readonly fixed: number
  /** Images of one call at most. */
  readonly maxImages: number
}

/** Images a second, where one alone takes a second. */
export const batchSpeed = ({ fixed, maxImages }: BatchModel, images: number): number => {
  const n = Math.min(images, maxImages)
  return n <= 0 ? 0 : n / (fixed + n * (1 - fixed))
}

/** The model by which `images` at once are `gain` times as fast as one after another. */
export const batchModelOf = (gain: number, images: number, maxImages: number): BatchModel => ({
  // gain = n / (f + n - n f), solved for f
  fixed: Math.min(1, Math.max(0, (images - images / gain) / (images - 1))),
  maxImages,
})
