import { ApplicationFailure } from '@temporalio/common'
import { artifactKeys } from '../contracts/artifact-keys.ts'
import { failures } from '../contracts/failures.ts'
import type { FaceSelection, FoundFace } from '../contracts/generate-faces.ts'
import type { FaceEngine } from '../inference/engine/face-engine.ts'
import { decodeStored } from '../inference/photos/decode.ts'
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
    const { faceSelection: selection, minFaceSizePx } = input
    const photo = await decodeStored(await readArtifact(store, input.photoKey, input))
    const { width, height } = photo
    const found = await faces.cropFace(photo, { selection, minFaceSizePx }, { transfer: true })
    if (!found.face) {
      const { message, type, details } = found
      throw ApplicationFailure.nonRetryable(message, failures[type], { photo: input.index, width, height, ...details })
    }
    const cropKey = artifactKeys.crop(input.predictionId, input.index)
    await store.put(cropKey, await encodePng(found.crop), { contentType: 'image/png' })
    const { box, landmarks, score } = found.face
    return { cropKey, box, landmarks, score, faces: found.faces }
  },
})
