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

/** Finds faces. */
export interface Detector {
  /** A score that only upright faces get. Photos whose faces score less are also looked at turned; all are if omitted. */
  readonly sureScore?: number
  /** One pass over the photo; faces in order of score. */
  detect(photo: RgbImage, view?: View): Promise<Face[]>
  release(): Promise<void>
}

/** What a detector's file exports, and `detectors/index.ts` lists. */
export interface DetectorEntry {
  /** Loads the network, whose path is in `spec.file`. Throws if the file is not a network of this kind. */
  create(spec: DetectorSpec, options?: NetworkOptions): Promise<Detector>
  /** The settings that the detector's authors use. */
  readonly defaults: Omit<DetectorSpec, 'kind' | 'file'>
}
