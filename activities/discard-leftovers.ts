import { artifactKeys } from '../contracts/artifact-keys.ts'
import { type ArtifactStore, listAll } from '../storage/store.ts'

export interface DiscardLeftoversDeps {
  store: ArtifactStore
}

/** What stays until the retention is over: the vector, for more images of the person, and the faces that are a result. */
const stays = /^(?:identity\.f32|faces-\d+\.json)$/
const photos = /^(?:photo-|crop-|upload-)/

export const createDiscardLeftovers = ({ store }: DiscardLeftoversDeps) => ({
  /** Deletes what an ended prediction needs no more: photos and crops unless they are kept, checkpoints, previews, drafts. */
  async discardLeftovers(input: { predictionId: string; keepPhotos: boolean }): Promise<{ deleted: number }> {
    const folder = artifactKeys.prediction(input.predictionId)
    const keys = (await listAll(store, folder)).filter((key) => {
      const name = key.slice(folder.length)
      return !stays.test(name) && !(input.keepPhotos && photos.test(name))
    })
    await store.delete(keys)
    return { deleted: keys.length }
  },
})
