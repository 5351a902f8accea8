import { artifactKeys } from '../contracts/artifact-keys.ts'
import type { MadeWith } from '../contracts/generate-faces.ts'
import { decodeStored } from '../inference/photos/decode.ts'
import { sha256Hex } from '../lib/sha256.ts'
import type { ArtifactStore } from '../storage/store.ts'
import { readArtifact } from './shared/artifacts.ts'
import { markImage } from './shared/provenance.ts'

export interface PublishImagesDeps {
  store: ArtifactStore
}

export interface ImageToPublish {
  imageKey: string
  seed: number
  /** What made this image, if not the `madeWith` of all. */
  madeWith?: MadeWith
  /** Of the image's pixels, in hexadecimal. Predictions in flight at a deployment lack it; the image is decoded then. */
  pixelsSha256?: string
}

export interface PublishImagesInput {
  predictionId: string
  /** Model, as owner/name. */
  model: string
  madeWith: MadeWith
  /** The prediction that the images are marked as; its own if omitted. */
  markedAs?: string
  images: readonly ImageToPublish[]
}

export interface PublishedImage {
  key: string
  /** Of the file, and of its pixels; in hexadecimal. */
  sha256: string
  pixelsSha256: string
}

export const createPublishImages = ({ store }: PublishImagesDeps) => ({
  /** Marks the kept images as made by a model, reads the marks back, and puts the images where callers may fetch them. */
  async publishImages(input: PublishImagesInput): Promise<{ published: PublishedImage[] }> {
    const { predictionId, model, madeWith, markedAs = predictionId, images } = input
    const publish = async ({ imageKey, seed, madeWith: own, pixelsSha256 }: ImageToPublish, index: number) => {
      const png = await readArtifact(store, imageKey, input)
      const { software, bundleSha256 } = own ?? madeWith
      const marked = markImage(png, { software, model, bundleSha256, seed, predictionId: markedAs })
      const key = artifactKeys.output(predictionId, index)
      await store.put(key, marked, { contentType: 'image/png' })
      return {
        key,
        sha256: await sha256Hex(marked),
        // Marking leaves the pixels as they are.
        pixelsSha256: pixelsSha256 ?? (await sha256Hex((await decodeStored(png)).data)),
      }
    }
    return { published: await Promise.all(images.map(publish)) }
  },
})
