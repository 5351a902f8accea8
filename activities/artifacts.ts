import { ApplicationFailure } from '@temporalio/common'
import { type ArtifactStore, readAll } from '../contracts/artifacts.ts'
import { failures } from '../contracts/failures.ts'

/** The bytes under `key`. A missing artifact fails for good: nothing will write it again. */
export const readArtifact = async (store: ArtifactStore, key: string): Promise<Uint8Array> => {
  const artifact = await store.get(key)
  if (!artifact)
    throw ApplicationFailure.nonRetryable('An artifact of this prediction is gone', failures.artifactMissing, { key })
  return readAll(artifact)
}
