import type { DetectorSpec } from './bundle.ts'
import type { Face } from './face.ts'
import type { RgbImage } from './numeric/image.ts'
import type { NetworkOptions } from './runtime.ts'
import { createScrfd } from './scrfd.ts'
import { createYunet } from './yunet.ts'

/** How a detector looks at a photo. */
export interface View {
  /** Longest side that the photo is scaled to, where the network lets one choose; the spec's by default. */
  sizePx?: number
  /** Black border on every side, as a fraction of the photo's longest side. */
  border?: number
}

/** Finds faces. Adding a detector is a file that makes one of these, a line below and its golden numbers. */
export interface Detector {
  /** One pass over the photo; faces in order of score. */
  detect(photo: RgbImage, view?: View): Promise<Face[]>
  release(): Promise<void>
}

/** A detector's settings with the path of its network in `file`. */
export type CreateDetector = (spec: DetectorSpec, options?: NetworkOptions) => Promise<Detector>

const detectors: Record<DetectorSpec['kind'], CreateDetector> = { scrfd: createScrfd, yunet: createYunet }

/** The settings that each detector's authors use. */
export const detectorDefaults: Record<DetectorSpec['kind'], Omit<DetectorSpec, 'file'>> = {
  scrfd: { kind: 'scrfd', inputSizePx: 640, scoreThreshold: 0.5, nmsThreshold: 0.4 },
  yunet: { kind: 'yunet', inputSizePx: 640, scoreThreshold: 0.6, nmsThreshold: 0.3 },
}

/** Loads the detector. Throws when the file is not a network of that kind. */
export const createDetector: CreateDetector = (spec, options) => detectors[spec.kind](spec, options)
