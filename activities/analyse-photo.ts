import { ApplicationFailure } from '@temporalio/common'
import { artifactKeys } from '../contracts/artifact-keys.ts'
import type { PhotoFaces } from '../contracts/embed-faces.ts'
import { failures } from '../contracts/failures.ts'
import type { FaceEngine } from '../inference/engine/face-engine.ts'
import type { Budget } from '../lib/budget.ts'
import { type ArtifactStore, putJson } from '../storage/store.ts'
import { holdPhoto } from './shared/hold-photo.ts'

export interface AnalysePhotoDeps {
  store: ArtifactStore
  faces: FaceEngine
  /** Pixels that are held at a time. */
  pixels: Budget
}

export const createAnalysePhoto = ({ store, faces, pixels }: AnalysePhotoDeps) => ({
  /** Finds and embeds every face of a photo and stores the result. Fails with `no_face`. */
  async analysePhoto(input: {
    predictionId: string
    index: number
    photoKey: string
    /** How many it has. Steps that an earlier release scheduled do not say it. */
    pixels?: number
  }): Promise<{ facesKey: string }> {
    const { width, height, found } = await holdPhoto(input, { store, pixels }, async (photo) => {
      const { width, height } = photo
      return { width, height, found: await faces.analyse(photo, { transfer: true }) }
    })
    if (found.length === 0) {
      const details = { photo: input.index, width, height }
      throw ApplicationFailure.nonRetryable('No face was found in the photo', failures.noFace, details)
    }
    const result: PhotoFaces = {
      width,
      height,
      faces: found.map(({ box, landmarks, score, turn, embedding }) => ({
        bbox: box,
        kps: landmarks,
        score,
        ...(turn && { turn }),
        embedding: [...embedding],
      })),
    }
    const facesKey = artifactKeys.faces(input.predictionId, input.index)
    await putJson(store, facesKey, result)
    return { facesKey }
  },
})
