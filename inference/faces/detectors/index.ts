import type { DetectorSpec } from '../../../contracts/bundle-manifest.ts'
import type { CreateDetector } from '../detector.ts'
import { createScrfd } from './scrfd.ts'
import { createYunet } from './yunet.ts'

const detectors: Record<DetectorSpec['kind'], CreateDetector> = { scrfd: createScrfd, yunet: createYunet }

/** The settings that each detector's authors use. */
export const detectorDefaults: Record<DetectorSpec['kind'], Omit<DetectorSpec, 'file'>> = {
  scrfd: { kind: 'scrfd', inputSizePx: 640, scoreThreshold: 0.5, nmsThreshold: 0.4 },
  yunet: { kind: 'yunet', inputSizePx: 640, scoreThreshold: 0.6, nmsThreshold: 0.3 },
}

/** Loads the detector. Throws when the file is not a network of that kind. */
export const createDetector: CreateDetector = (spec, options) => detectors[spec.kind](spec, options)
