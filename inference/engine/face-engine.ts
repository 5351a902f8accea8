import type { FaceSelection } from '../../contracts/generate-faces.ts'
import type { NoChoice } from '../faces/choose-face.ts'
import type { EmbeddedFace, Face } from '../faces/face.ts'
import type { FindFacesOptions } from '../faces/find-faces.ts'
import type { RgbImage } from '../numeric/image.ts'
import type { FaceModels, FaceThreadData } from './face-models.ts'
import { pixelBuffers } from './pixel-buffers.ts'
import { startThread, type Thread } from './thread.ts'

export interface FaceEngineOptions {
  models: FaceModels
  /** Threads per operator; onnxruntime decides if omitted. */
  threads?: number
  /** onnxruntime's names; cpu by default. */
  executionProviders?: readonly string[]
  /**
   * How many photos are processed at once, each in a thread with its own networks; default 2, so that the networks of one
   * run while the next is resized. Threads start when there is work for them.
   */
  lanes?: number
}

interface Lane {
  readonly thread: Thread
  /** Calls in progress. */
  load: number
}

export interface PhotoOptions extends FindFacesOptions {
  /** The photo's pixels move to the thread instead of being copied; the caller's image is empty afterwards. Default false. */
  transfer?: boolean
}

/** Which face a photo is about. */
export interface ChooseFace {
  selection: FaceSelection
  /** Shorter side of the smallest box that is considered, in pixels. */
  minFaceSizePx: number
}

/** The chosen face with its aligned crop and the number of faces in the photo, or why there is no such face. */
export type FaceCrop = { readonly face: Face; readonly crop: RgbImage; readonly faces: number } | NoChoice

export interface IdentifiedFace extends EmbeddedFace {
  /** The square crop that was embedded. */
  readonly crop: RgbImage
}

/**
 * Face detection and recognition in worker threads. Networks load at first use. Each method is one message to a thread and
 * one back.
 *
 * @example
 * const faces = createFaceEngine({ models: faceModels(await loadBundle('models/demo')) })
 * const face = await faces.identify(await decodePhoto(bytes), { transfer: true })
 */
export interface FaceEngine {
  /** Largest box first; empty if there are none. */
  findFaces(photo: RgbImage, options?: PhotoOptions): Promise<Face[]>
  /** Finds the faces, chooses one and aligns it. */
  cropFace(photo: RgbImage, choose: ChooseFace, options?: PhotoOptions): Promise<FaceCrop>
  /** The unit vector of an aligned crop. */
  embed(crop: RgbImage): Promise<Float32Array>
  /** Finds, aligns and embeds the largest face; undefined if there is none. */
  identify(photo: RgbImage, options?: PhotoOptions): Promise<IdentifiedFace | undefined>
  /** Finds, aligns and embeds every face. */
  analyse(photo: RgbImage, options?: PhotoOptions): Promise<EmbeddedFace[]>
  close(): Promise<void>
}

const checkPixels = ({ data, width, height }: RgbImage) => {
  if (data.length === width * height * 3) return
  const expected = `a photo of ${width}x${height} pixels has ${width * height * 3}`
  const moved = data.length === 0 ? '; they have been transferred before' : ''
  throw new RangeError(`The photo has ${data.length} bytes of pixels, but ${expected}${moved}`)
}

export const createFaceEngine = ({ models, threads, executionProviders, lanes = 2 }: FaceEngineOptions): FaceEngine => {
  const started: Lane[] = []
  const start = (): Lane => {
    const thread = startThread(new URL('./face-engine-thread.ts', import.meta.url), {
      models,
      network: { ...(threads && { threads }), ...(executionProviders && { executionProviders }) },
    } satisfies FaceThreadData)
    const lane = { thread, load: 0 }
    started.push(lane)
    return lane
  }
  const call = async <T>(method: string, argument: unknown, transfer: readonly ArrayBuffer[] = []): Promise<T> => {
    const idle = started.find(({ load }) => load === 0)
    const lane = idle ?? (started.length < lanes ? start() : started.reduce((a, b) => (b.load < a.load ? b : a)))
    lane.load += 1
    try {
      return await lane.thread.call<T>(method, argument, { transfer })
    } finally {
      lane.load -= 1
    }
  }
  const callWithPhoto = async <T>(method: string, photo: RgbImage, options: PhotoOptions = {}, more = {}) => {
    checkPixels(photo)
    const { transfer, ...rest } = options
    return call<T>(method, { photo, options: rest, ...more }, transfer ? pixelBuffers([photo]) : [])
  }
  return {
    findFaces: (photo, options) => callWithPhoto('findFaces', photo, options),
    cropFace: (photo, choose, options) => callWithPhoto('cropFace', photo, options, { choose }),
    embed: (crop) => call('embed', { crop }),
    identify: (photo, options) => callWithPhoto('identify', photo, options),
    analyse: (photo, options) => callWithPhoto('analyse', photo, options),
    close: async () => {
      await Promise.all(started.map(({ thread }) => thread.close()))
    },
  }
}
