import { type ArtifactStore, artifactKeys } from '../contracts/artifacts.ts'
import type { PhotoSource } from '../contracts/generate-faces.ts'
import { decodePhoto, encodePng } from '../inference/image.ts'
import { readArtifact } from './artifacts.ts'

export interface IntakePhotoDeps {
  store: ArtifactStore
  /** Fetches a photo from somebody else's server, within limits. */
  fetchPhoto(url: string): Promise<Uint8Array>
}

export const createIntakePhoto = ({ store, fetchPhoto }: IntakePhotoDeps) => ({
  /** Takes a photo in: fetched, checked by content, upright, sRGB, stored without any metadata. */
  async intakePhoto(input: {
    predictionId: string
    index: number
    source: PhotoSource
  }): Promise<{ photoKey: string; width: number; height: number }> {
    const { source } = input
    const bytes = 'key' in source ? await readArtifact(store, source.key) : await fetchPhoto(source.url)
    const photo = await decodePhoto(bytes)
    const photoKey = artifactKeys.photo(input.predictionId, input.index)
    await store.put(photoKey, await encodePng(photo), { contentType: 'image/png' })
    return { photoKey, width: photo.width, height: photo.height }
  },
})
