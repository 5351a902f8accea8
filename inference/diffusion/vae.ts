import { BundleError } from '../bundle-error.ts'
import type { Network } from '../engine/runtime.ts'
import type { RgbImage } from '../numeric/image.ts'
import { requireFinite } from './diverged.ts'
import type { LatentShape } from './unet-row.ts'

/** The inputs of every VAE decoder. */
export const vaeDecoderInputs = ['latents'] as const

export interface VaeDecoder {
  /** The image of one latent [channels, height, width]. */
  decode(latents: Float32Array, shape: LatentShape): Promise<RgbImage>
}

/** One image a call: a decoder's activations at 512x512 px take gigabytes, and batches gain nothing. */
export const createVaeDecoder = (network: Network): VaeDecoder => ({
  decode: async (latents, shape) => {
    const { image } = await network.run({ latents: { data: latents, dims: [1, ...shape] } })
    if (!image) throw new BundleError('The VAE decoder has no output image')
    requireFinite(image.data, 'The decoded image')
    const [, , height, width] = image.dims as [number, number, number, number]
    return toRgbImage(image.data, width, height)
  },
})

/** Planar [3, height, width] in [-1, 1] to 8-bit pixels, clamped. */
const toRgbImage = (planes: Float32Array, width: number, height: number): RgbImage => {
  const pixels = width * height
  const data = new Uint8Array(pixels * 3)
  for (let channel = 0; channel < 3; channel++)
    for (let i = 0; i < pixels; i++) {
      const unit = Math.min(Math.max(planes[channel * pixels + i]! / 2 + 0.5, 0), 1)
      data[i * 3 + channel] = Math.round(unit * 255)
    }
  return { data, width, height }
}
