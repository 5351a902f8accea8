import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Prediction } from '../../contracts/prediction.ts'
import type { RgbImage } from '../../inference/numeric/image.ts'
import { contactSheet } from '../../inference/photos/contact-sheet.ts'
import { decodePhoto } from '../../inference/photos/decode.ts'
import type { ApiClient } from './api-client.ts'

export interface GeneratedImage {
  file: string
  image: RgbImage
  seed: number
  /** Cosine to the person; null if no face was found. */
  similarity: number | null
}

/** Downloads the outputs of a succeeded prediction into `folder`, which must exist. */
export const saveOutputs = async (
  client: ApiClient,
  prediction: Prediction,
  folder: string,
): Promise<GeneratedImage[]> => {
  const { seeds, similarity } = prediction.metrics as { seeds: number[]; similarity: (number | null)[] }
  return Promise.all(
    (prediction.output as string[]).map(async (url, index) => {
      const bytes = await client.download(url)
      const file = join(folder, `${prediction.id}-${index}.png`)
      await writeFile(file, bytes)
      return { file, image: await decodePhoto(bytes), seed: seeds[index]!, similarity: similarity[index] ?? null }
    }),
  )
}

export const formatSimilarity = (similarity: number | null): string =>
  similarity === null ? 'no face found' : `similarity ${similarity.toFixed(2)}`

/** Writes one image that shows the input and the generated images. */
export const writeContactSheet = async (
  file: string,
  before: readonly { image: RgbImage; caption: string[] }[],
  generated: readonly GeneratedImage[],
): Promise<void> => {
  const after = generated.map(({ image, seed, similarity }) => ({
    image,
    caption: [`seed ${seed}`, formatSimilarity(similarity)],
  }))
  await writeFile(file, await contactSheet([...before, ...after]))
}
