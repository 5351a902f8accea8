import type { Preview } from '../../contracts/step-progress.ts'
import type { RgbImage } from '../../inference/numeric/image.ts'
import { encodeJpeg } from '../../inference/photos/encode.ts'
import { toDataUri } from '../../lib/data-uri.ts'
import { type ArtifactStore, putJson } from '../../storage/store.ts'
import { createLatestWriter } from './latest-writer.ts'

const quality = 80

/** Stores how the images of a run look so far. */
export const createPreviews = (store: ArtifactStore, key: string, indices: readonly number[]) => {
  let stored: number | undefined
  const { offer, settle } = createLatestWriter(
    async ({ step, images }: { step: number; images: readonly RgbImage[] }) => {
      const jpegs = await Promise.all(images.map((image) => encodeJpeg(image, quality)))
      const preview: Preview = {
        step,
        images: jpegs.map((jpeg, k) => ({
          index: indices[k]!,
          image: toDataUri('image/jpeg', jpeg),
        })),
      }
      await putJson(store, key, preview)
      stored = step
    },
  )
  return {
    offer: (step: number, images: readonly RgbImage[]) => offer({ step, images }),
    settle,
    last: () => (stored === undefined ? {} : { preview: { key, step: stored } }),
  }
}
