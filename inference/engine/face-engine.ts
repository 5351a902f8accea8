import type { EmbeddedFace, Face } from '../faces/face.ts'
import type { FindFacesOptions } from '../faces/find-faces.ts'
import type { RgbImage } from '../numeric/image.ts'
import type { Point } from '../numeric/similarity-transform.ts'
import type { FaceModels, FaceThreadData } from './face-models.ts'
import { startThread, type Thread } from './thread.ts'

export interface FaceEngineOptions {
  models: FaceModels
  /** Threads of one operator; absent leaves it to onnxruntime. */
  threads?: number
  /** onnxruntime's names; cpu by default. */
  executionProviders?: readonly string[]
  /**
   * How many photos are worked on at once, each in a thread with networks of its own; default 2, so that the networks of one
   * run while the next is resized. Threads start when there is work for them.
   */
  lanes?: number
}

interface Lane {
  readonly thread: Thread
  /** Calls under way. */
  load: number
}

/** Face detection and recognition in threads of their own. Networks load at first use. */
export interface FaceEngine {
  /** Largest box first; empty where there are none. */
  findFaces(photo: RgbImage, options?: FindFacesOptions): Promise<Face[]>
  /** The square crop that `embed` takes. */
  align(photo: RgbImage, landmarks: readonly Point[]): Promise<RgbImage>
  /** The unit vector of an aligned crop. */
  embed(crop: RgbImage): Promise<Float32Array>
  /** Finds, aligns and embeds every face in one go. */
  analyse(photo: RgbImage, options?: FindFacesOptions): Promise<EmbeddedFace[]>
  close(): Promise<void>
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
  const call = async <T>(method: string, argument: unknown): Promise<T> => {
    const idle = started.find(({ load }) => load === 0)
    const lane = idle ?? (started.length < lanes ? start() : started.reduce((a, b) => (b.load < a.load ? b : a)))
    lane.load += 1
    try {
      return await lane.thread.call<T>(method, argument)
    } finally {
      lane.load -= 1
    }
  }
  return {
    findFaces: (photo, options = {}) => call('findFaces', { photo, options }),
    align: (photo, landmarks) => call('align', { photo, landmarks }),
    embed: (crop) => call('embed', { crop }),
    analyse: (photo, options = {}) => call('analyse', { photo, options }),
    close: async () => {
      await Promise.all(started.map(({ thread }) => thread.close()))
    },
  }
}
