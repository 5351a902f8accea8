import { ApplicationFailure } from '@temporalio/common'
import { type ArtifactOwner, artifactKeys, mayUse } from '../../contracts/artifact-keys.ts'
import { failures } from '../../contracts/failures.ts'
import type { SealedStore } from '../../storage/sealed-store.ts'
import { type ArtifactStore, listAll, readAll } from '../../storage/store.ts'

/**
 * The bytes under `key`, which must be the prediction's or one of its tenant's uploads, whatever the step was given. A
 * missing artifact fails for good: nothing will write it again.
 */
export const readArtifact = async (store: ArtifactStore, key: string, owner: ArtifactOwner): Promise<Uint8Array> => {
  if (!mayUse(key, owner)) {
    const message = 'The input of a step refers to an artifact of another prediction'
    throw ApplicationFailure.nonRetryable(message, failures.artifactForeign)
  }
  const artifact = await store.get(key)
  if (!artifact)
    throw ApplicationFailure.nonRetryable('An artifact of this prediction is missing', failures.artifactMissing, {
      key,
    })
  return readAll(artifact)
}

/** Destroys a prediction's key, so that no copy can be read from then on, and deletes its artifacts; gives their keys. */
export const destroyPrediction = async (store: SealedStore, predictionId: string): Promise<string[]> => {
  await store.shred(predictionId)
  const folders = [artifactKeys.prediction(predictionId), artifactKeys.published(predictionId)]
  const keys = (await Promise.all(folders.map((folder) => listAll(store, folder)))).flat()
  // The mark in the key's place stands against late writes from now on.
  await store.delete([...keys, ...(await listAll(store, artifactKeys.ends(predictionId)))])
  return keys
}
