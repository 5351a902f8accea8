import { Context } from '@temporalio/activity'
import { decodeVector } from '../contracts/embedding.ts'
import type { FaceEngine } from '../inference/engine/face-engine.ts'
import { cosine } from '../inference/numeric/identity.ts'
import { decodeStored } from '../inference/photos/decode.ts'
import { sha256Hex } from '../lib/sha256.ts'
import type { ArtifactStore } from '../storage/store.ts'
import { readArtifact } from './shared/artifacts.ts'

export interface VerifyImagesDeps {
  store: ArtifactStore
  faces: FaceEngine
}

export interface VerifiedImages {
  /** Cosine of the largest face of each image to the identity, in [-1, 1]; null if no face is found. */
  similarity: (number | null)[]
  /** Of each image's pixels, in hexadecimal. Results of earlier versions, which workflows may still read, lack it. */
  pixelsSha256?: string[]
}

export const createVerifyImages = ({ store, faces }: VerifyImagesDeps) => ({
  /** Compares images with the person, and hashes their pixels while they are decoded. */
  async verifyImages(input: {
    /** Steps that an earlier release scheduled do not say it. */
    predictionId?: string
    identityKey: string
    imageKeys: readonly string[]
  }): Promise<VerifiedImages> {
    const { cancellationSignal, heartbeat, info } = Context.current()
    const predictionId = input.predictionId ?? info.workflowExecution?.workflowId ?? ''
    const identity = decodeVector(await readArtifact(store, input.identityKey, { predictionId }))
    const similarity: (number | null)[] = []
    const pixelsSha256: string[] = []
    for (const key of input.imageKeys) {
      cancellationSignal.throwIfAborted()
      // Before the work, not after it: a heartbeat that arrives with the result is refused, and the log says so.
      heartbeat({ done: similarity.length, of: input.imageKeys.length })
      const image = await decodeStored(await readArtifact(store, key, { predictionId }))
      pixelsSha256.push(await sha256Hex(image.data))
      // Images are made upright: a face that is not must not count as like the person.
      const face = await faces.identify(image, { transfer: true, turn: false })
      similarity.push(face ? cosine(identity, face.embedding) : null)
    }
    return { similarity, pixelsSha256 }
  },
})
