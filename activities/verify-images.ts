import { Context } from '@temporalio/activity'
import { decodeVector } from '../contracts/embedding.ts'
import type { FaceEngine } from '../inference/engine/face-engine.ts'
import { cosine } from '../inference/numeric/identity.ts'
import { decodePhoto } from '../inference/photos/decode.ts'
import type { ArtifactStore } from '../storage/store.ts'
import { readArtifact } from './shared/artifacts.ts'

export interface VerifyImagesDeps {
  store: ArtifactStore
  faces: FaceEngine
}

export const createVerifyImages = ({ store, faces }: VerifyImagesDeps) => ({
  /** Cosine of the largest face of each image to the identity, in [-1, 1]; null where no face is found. */
  async verifyImages(input: {
    identityKey: string
    imageKeys: readonly string[]
  }): Promise<{ similarity: (number | null)[] }> {
    const identity = decodeVector(await readArtifact(store, input.identityKey))
    const similarity: (number | null)[] = []
    for (const key of input.imageKeys) {
      // Before and not after: one that comes beside the result is refused, and the log says so.
      Context.current().heartbeat({ done: similarity.length, of: input.imageKeys.length })
      const image = await decodePhoto(await readArtifact(store, key))
      const [face] = await faces.findFaces(image)
      const vector = face && (await faces.embed(await faces.align(image, face.landmarks)))
      similarity.push(vector ? cosine(identity, vector) : null)
    }
    return { similarity }
  },
})
