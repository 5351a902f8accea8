import { type ArtifactStore, artifactKeys } from '../contracts/artifacts.ts'
import { readArtifact } from './artifacts.ts'

export interface PublishImagesDeps {
  store: ArtifactStore
}

export const createPublishImages = ({ store }: PublishImagesDeps) => ({
  /** Puts the kept images where callers may fetch them. */
  async publishImages(input: {
    predictionId: string
    images: readonly { imageKey: string; seed: number }[]
  }): Promise<{ outputKeys: string[] }> {
    const outputKeys = await Promise.all(
      input.images.map(async ({ imageKey }, index) => {
        const key = artifactKeys.output(input.predictionId, index)
        await store.put(key, await readArtifact(store, imageKey), { contentType: 'image/png' })
        return key
      }),
    )
    return { outputKeys }
  },
})
