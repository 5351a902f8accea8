import { ApplicationFailure } from '@temporalio/common'
import { artifactKeys } from '../contracts/artifact-keys.ts'
import type { PhotoFaces } from '../contracts/embed-faces.ts'
import { failures } from '../contracts/failures.ts'
import type { FaceEngine } from '../inference/engine/face-engine.ts'
import { decodeStored } from '../inference/photos/decode.ts'
import { type ArtifactStore, putJson } from '../storage/store.ts'
import { readArtifact } from './shared/artifacts.ts'

export interface AnalysePhotoDeps {
  store: ArtifactStore
  faces: FaceEngine
}

export const createAnalysePhoto = ({ store, faces }: AnalysePhotoDeps) => ({
  /** Finds and embeds every face of a photo and stores the result. Fails with `no_face`. */
  async analysePhoto(input: { predictionId: string; index: number; photoKey: string }): Promise<{ facesKey: string }> {
    const photo = await decodeStored(await readArtifact(store, input.photoKey, input))
    const { width, height } = photo
    const found = await faces.analyse(photo, { transfer: true })
    if (found.length === 0) {
      const details = { photo: input.index, width, height }
      throw ApplicationFailure.nonRetryable('No face was found in the photo', failures.noFace, details)
    }
    const result: PhotoFaces = {
      width,
      height,
      faces: found.map(({ box, landmarks, score, embedding }) => ({
        bbox: box,
        kps: landmarks,
        score,
        embedding: [...embedding],
      })),
    }
    const facesKey = artifactKeys.faces(input.predictionId, input.index)
    await putJson(store, facesKey, result)
    return { facesKey }
  },
})
