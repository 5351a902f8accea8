import type { DiffusionSpec } from '../../contracts/bundle-manifest.ts'
import type { RgbImage } from '../numeric/image.ts'
import type { LatentShape } from './unet-row.ts'

export type PreviewMap = NonNullable<DiffusionSpec['preview']>

/** A picture of one pixel a latent position, by the bundle's linear map, without the VAE. */
export const renderPreview = (
  latents: Float32Array,
  [channels, height, width]: LatentShape,
  { factors, bias }: PreviewMap,
): RgbImage => {
  const pixels = width * height
  const data = new Uint8Array(pixels * 3)
  for (let i = 0; i < pixels; i++)
    for (let color = 0; color < 3; color++) {
      let value = bias[color as 0 | 1 | 2]
      for (let c = 0; c < channels; c++) value += latents[c * pixels + i]! * (factors[c]?.[color] ?? 0)
      data[i * 3 + color] = Math.round((Math.min(Math.max(value, -1), 1) / 2 + 0.5) * 255)
    }
  return { data, width, height }
}
