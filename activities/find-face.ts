import { ApplicationFailure } from '@temporalio/common'
import { artifactKeys } from '../contracts/artifact-keys.ts'
import { failures } from '../contracts/failures.ts'
import type { FaceSelection, FoundFace } from '../contracts/generate-faces.ts'
import type { FaceEngine } from '../inference/engine/face-engine.ts'
import { encodePng } from '../inference/photos/encode.ts'
import type { Budget } from '../lib/budget.ts'
import type { ArtifactStore } from '../storage/store.ts'
import { holdPhoto } from './shared/hold-photo.ts'

export interface FindFaceDeps {
  store: ArtifactStore
  faces: FaceEngine
  /** Pixels that are held at a time. */
  pixels: Budget
}

export const createFindFace = ({ store, faces, pixels }: FindFaceDeps) => ({
  /** Finds the faces of a photo, chooses one and stores its aligned crop. Fails with `no_face` or `face_too_small`. */
  async findFace(input: {
    predictionId: string
    index: number
    photoKey: string
    /** How many it has. Steps that an earlier release scheduled do not say it. */
    pixels?: number
    faceSelection: FaceSelection
    minFaceSizePx: number
  }): Promise<FoundFace & { cropKey: string }> {
    const { faceSelection: selection, minFaceSizePx } = input
    const { width, height, found } = await holdPhoto(input, { store, pixels }, async (photo) => {
      const { width, height } = photo
      return { width, height, found: await faces.cropFace(photo, { selection, minFaceSizePx }, { transfer: true }) }
    })
    if (!found.face) {
      const { message, type, details } = found
      throw ApplicationFailure.nonRetryable(message, failures[type], { photo: input.index, width, height, ...details })
    }
    const cropKey = artifactKeys.crop(input.predictionId, input.index)
    await store.put(cropKey, await encodePng(found.crop), { contentType: 'image/png' })
    const { box, landmarks, score, turn } = found.face
    return { cropKey, box, landmarks, score, ...(turn && { turn }), faces: found.faces }
  },
})
