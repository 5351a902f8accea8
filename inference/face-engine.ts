import type { Bundle, DetectorSpec, RecogniserSpec } from './bundle.ts'
import { BundleError } from './bundle.ts'
import type { EmbeddedFace, Face } from './face.ts'
import type { FaceThreadData } from './face-engine-thread.ts'
import type { FindFacesOptions } from './find-faces.ts'
import type { RgbImage } from './numeric/image.ts'
import type { Point } from './numeric/similarity-transform.ts'
import { startThread } from './thread.ts'

/** The two networks of a face engine, with absolute paths in `file`. */
export interface FaceModels {
  readonly detector: DetectorSpec
  readonly recogniser: RecogniserSpec
}

/** The face networks of a bundle. Throws `BundleError` where it has none. */
export const faceModels = ({ folder, manifest: { detector, recogniser }, path }: Bundle): FaceModels => {
  if (!detector || !recogniser) throw new BundleError(`The bundle at ${folder} has no networks for faces`)
  return {
    detector: { ...detector, file: path(detector.file) },
    recogniser: { ...recogniser, file: path(recogniser.file) },
  }
}

export interface FaceEngineOptions {
  models: FaceModels
  /** Threads of one operator; absent leaves it to onnxruntime. */
  threads?: number
  /** onnxruntime's names; cpu by default. */
  executionProviders?: readonly string[]
}

/** Face detection and recognition in a thread of its own. Networks load at first use. */
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

export const createFaceEngine = ({ models, threads, executionProviders }: FaceEngineOptions): FaceEngine => {
  const thread = startThread(new URL('./face-engine-thread.ts', import.meta.url), {
    models,
    network: { ...(threads && { threads }), ...(executionProviders && { executionProviders }) },
  } satisfies FaceThreadData)
  return {
    findFaces: (photo, options = {}) => thread.call('findFaces', { photo, options }),
    align: (photo, landmarks) => thread.call('align', { photo, landmarks }),
    embed: (crop) => thread.call('embed', { crop }),
    analyse: (photo, options = {}) => thread.call('analyse', { photo, options }),
    close: () => thread.close(),
  }
}
