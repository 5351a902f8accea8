import type { DetectorSpec } from '../../contracts/bundle-manifest.ts'
import type { Bundle } from '../bundle.ts'
import { BundleError } from '../bundle-error.ts'
import type { RecogniserSettings } from '../faces/recogniser.ts'
import type { NetworkOptions } from './runtime.ts'

/** The two networks of a face engine, with absolute paths in `file`. */
export interface FaceModels {
  readonly detector: DetectorSpec
  readonly recogniser: RecogniserSettings
}

/** The face networks of a bundle. Throws `BundleError` if it has none. */
export const faceModels = ({ folder, manifest: { detector, recogniser }, path }: Bundle): FaceModels => {
  if (!detector || !recogniser) throw new BundleError(`The bundle at ${folder} has no networks for faces`)
  return {
    detector: { ...detector, file: path(detector.file) },
    recogniser: { ...recogniser, file: path(recogniser.file) },
  }
}

/** What the thread of a face engine is started with. */
export interface FaceThreadData {
  models: FaceModels
  network: NetworkOptions
}
