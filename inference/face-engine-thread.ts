import { createDetector, type Detector } from './detector.ts'
import type { EmbeddedFace, Face } from './face.ts'
import type { FaceModels } from './face-engine.ts'
import { type FindFacesOptions, findFaces } from './find-faces.ts'
import type { RgbImage } from './numeric/image.ts'
import type { Point } from './numeric/similarity-transform.ts'
import { createRecogniser, type Recogniser } from './recogniser.ts'
import type { NetworkOptions } from './runtime.ts'
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

export interface FaceThreadData {
  models: FaceModels
  network: NetworkOptions
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
