import { ApplicationFailure } from '@temporalio/common'
import { artifactKeys } from '../contracts/artifact-keys.ts'
import { encodeVector } from '../contracts/embedding.ts'
import { failures } from '../contracts/failures.ts'
import type { FaceEngine } from '../inference/engine/face-engine.ts'
import { combineIdentities } from '../inference/numeric/identity.ts'
import { decodeStored } from '../inference/photos/decode.ts'
import type { ArtifactStore } from '../storage/store.ts'
import { readArtifact } from './shared/artifacts.ts'

export interface EmbedFaceDeps {
  store: ArtifactStore
  faces: FaceEngine
}

export const createEmbedFace = ({ store, faces }: EmbedFaceDeps) => ({
  /** The unit vector of a person from one or several aligned crops. Fails with `different_people`. */
  async embedFace(input: { predictionId: string; cropKeys: readonly string[] }): Promise<{ identityKey: string }> {
    const vectors: Float32Array[] = []
    for (const key of input.cropKeys) {
      vectors.push(await faces.embed(await decodeStored(await readArtifact(store, key, input))))
    }
    const combined = combineIdentities(vectors)
    if (!combined.identity) {
      const which = combined.outliers.map((index) => index + 1).join(', ')
      throw ApplicationFailure.nonRetryable(
        `The photos show different people: photo ${which} is unlike the others`,
        failures.differentPeople,
        { outliers: combined.outliers, cosines: combined.cosines },
      )
    }
    const identityKey = artifactKeys.identity(input.predictionId)
    await store.put(identityKey, encodeVector(combined.identity), { contentType: 'application/octet-stream' })
    return { identityKey }
  },
})
