import { artifactKeys } from '../contracts/artifact-keys.ts'
import type { SealedStore } from '../storage/sealed-store.ts'
import { listAll } from '../storage/store.ts'
import { closeFence } from './shared/fenced-store.ts'
import { isLeftover } from './shared/leftovers.ts'

export interface DiscardLeftoversDeps {
  store: SealedStore
}

export const createDiscardLeftovers = ({ store }: DiscardLeftoversDeps) => ({
  /**
   * Deletes what an ended prediction needs no more: photos and crops unless they are kept, checkpoints, previews, drafts.
   * What a step that is late stores after that does not stay.
   */
  async discardLeftovers(input: { predictionId: string; keepPhotos: boolean }): Promise<{ deleted: number }> {
    await closeFence(store, input)
    const keys = (await listAll(store, artifactKeys.prediction(input.predictionId))).filter((key) =>
      isLeftover(key, input),
    )
    await store.delete(keys)
    return { deleted: keys.length }
  },
})
