import { ApplicationFailure } from '@temporalio/common'
import { artifactKeys } from '../contracts/artifact-keys.ts'
import { failures } from '../contracts/failures.ts'
import type { FaceSelection, FoundFace } from '../contracts/generate-faces.ts'
import type { FaceEngine } from '../inference/engine/face-engine.ts'
import { chooseFace } from '../inference/faces/choose-face.ts'
import { decodePhoto } from '../inference/photos/decode.ts'
import { encodePng } from '../inference/photos/encode.ts'
import type { ArtifactStore } from '../storage/store.ts'
import { readArtifact } from './shared/artifacts.ts'

export interface FindFaceDeps {
  store: ArtifactStore
  faces: FaceEngine
}

export const createFindFace = ({ store, faces }: FindFaceDeps) => ({
  /** Finds the faces of a photo, chooses one and stores its aligned crop. Fails with `no_face` or `face_too_small`. */
  async findFace(input: {
    predictionId: string
    index: number
    photoKey: string
    faceSelection: FaceSelection
    minFaceSizePx: number
  }): Promise<FoundFace & { cropKey: string }> {
    const photo = await decodePhoto(await readArtifact(store, input.photoKey))
    const { width, height } = photo
    const found = await faces.findFaces(photo)
    const choice = chooseFace(found, input.faceSelection, { minFaceSizePx: input.minFaceSizePx, width, height })
    if (!choice.face) {
      const { message, type, details } = choice
      throw ApplicationFailure.nonRetryable(message, failures[type], { photo: input.index, width, height, ...details })
    }
    const { box, landmarks, score } = choice.face
    const crop = await faces.align(photo, landmarks)
    const cropKey = artifactKeys.crop(input.predictionId, input.index)
    await store.put(cropKey, await encodePng(crop), { contentType: 'image/png' })
    return { cropKey, box, landmarks, score, faces: found.length }
  },
})
