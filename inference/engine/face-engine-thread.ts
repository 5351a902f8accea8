import type { Detector } from '../faces/detector.ts'
import { createDetector } from '../faces/detectors/index.ts'
import type { EmbeddedFace, Face } from '../faces/face.ts'
import { type FindFacesOptions, findFaces } from '../faces/find-faces.ts'
import { createRecogniser, type Recogniser } from '../faces/recogniser.ts'
import type { RgbImage } from '../numeric/image.ts'
import type { Point } from '../numeric/similarity-transform.ts'
import type { FaceThreadData } from './face-models.ts'
import { serveThread } from './thread.ts'

/** Calls `create` at the first use only; a failure is tried again at the next. */
const once = <T>(create: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined
  return () => {
    made ??= create().catch((error: unknown) => {
      made = undefined
      throw error
    })
    return made
  }
}

serveThread<FaceThreadData>(async ({ models, network }) => {
  const detector = once<Detector>(() => createDetector(models.detector, network))
  const recogniser = once<Recogniser>(() => createRecogniser(models.recogniser, network))

  return {
    findFaces: async ({ photo, options }: { photo: RgbImage; options: FindFacesOptions }): Promise<Face[]> =>
      findFaces(await detector(), photo, options),

    align: async ({ photo, landmarks }: { photo: RgbImage; landmarks: readonly Point[] }): Promise<RgbImage> =>
      (await recogniser()).align(photo, landmarks),

    embed: async ({ crop }: { crop: RgbImage }): Promise<Float32Array> => (await recogniser()).embed(crop),

    analyse: async ({ photo, options }: { photo: RgbImage; options: FindFacesOptions }): Promise<EmbeddedFace[]> => {
      const faces = await findFaces(await detector(), photo, options)
      const { align, embed } = await recogniser()
      const embedded: EmbeddedFace[] = []
      for (const face of faces) embedded.push({ ...face, embedding: await embed(align(photo, face.landmarks)) })
      return embedded
    },
  }
})
