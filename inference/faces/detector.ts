import type { DetectorSpec } from '../../contracts/bundle-manifest.ts'
import type { NetworkOptions } from '../engine/runtime.ts'
import type { RgbImage } from '../numeric/image.ts'
import type { Face } from './face.ts'

/** How a detector looks at a photo. */
export interface View {
  /** Longest side that the photo is scaled to, where the network lets one choose; the spec's by default. */
  sizePx?: number
  /** Black border on every side, as a fraction of the photo's longest side. */
  border?: number
}

/** Finds faces. Adding a detector is a file that makes one of these, a line in `detectors/index.ts` and its golden numbers. */
export interface Detector {
  /** One pass over the photo; faces in order of score. */
  detect(photo: RgbImage, view?: View): Promise<Face[]>
  release(): Promise<void>
}

/** A detector's settings with the path of its network in `file`. */
export type CreateDetector = (spec: DetectorSpec, options?: NetworkOptions) => Promise<Detector>
