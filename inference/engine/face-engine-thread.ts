import { chooseFace } from '../faces/choose-face.ts'
import type { Detector } from '../faces/detector.ts'
import { createDetector } from '../faces/detectors/index.ts'
import type { EmbeddedFace, Face } from '../faces/face.ts'
import { type FindFacesOptions, findFaces } from '../faces/find-faces.ts'
import { createRecogniser, type Recogniser } from '../faces/recogniser.ts'
import type { RgbImage } from '../numeric/image.ts'
import type { ChooseFace, FaceCrop, IdentifiedFace } from './face-engine.ts'
import type { FaceThreadData } from './face-models.ts'
import { pixelBuffers } from './pixel-buffers.ts'
import { Moved, serveThread } from './thread.ts'

interface PhotoCall {
  photo: RgbImage
  options: FindFacesOptions
}

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

  const find = async ({ photo, options }: PhotoCall): Promise<Face[]> => findFaces(await detector(), photo, options)

  return {
    findFaces: find,

    cropFace: async ({ choose, ...call }: PhotoCall & { choose: ChooseFace }): Promise<FaceCrop | Moved<FaceCrop>> => {
      const { width, height } = call.photo
      const faces = await find(call)
      const { selection, minFaceSizePx } = choose
      const choice = chooseFace(faces, selection, { minFaceSizePx, width, height })
      if (!choice.face) return choice
      const crop = (await recogniser()).align(call.photo, choice.face.landmarks)
      return new Moved({ face: choice.face, crop, faces: faces.length }, pixelBuffers([crop]))
    },

    identify: async (call: PhotoCall): Promise<Moved<IdentifiedFace> | undefined> => {
      const [face] = await find(call)
      if (!face) return undefined
      const { align, embed } = await recogniser()
      const crop = align(call.photo, face.landmarks)
      return new Moved({ ...face, crop, embedding: await embed(crop) }, pixelBuffers([crop]))
    },

    embed: async ({ crop }: { crop: RgbImage }): Promise<Float32Array> => (await recogniser()).embed(crop),

    analyse: async (call: PhotoCall): Promise<EmbeddedFace[]> => {
      const faces = await find(call)
      const { align, embed } = await recogniser()
      const embedded: EmbeddedFace[] = []
      for (const face of faces) embedded.push({ ...face, embedding: await embed(align(call.photo, face.landmarks)) })
      return embedded
    },
  }
})
