import type { DetectorSpec } from '../../../contracts/bundle-manifest.ts'
import type { NetworkOptions } from '../../engine/runtime.ts'
import type { Detector, DetectorEntry } from '../detector.ts'
import { scrfd } from './scrfd.ts'
import { yunet } from './yunet.ts'

/** Detectors by the `kind` that bundles and commands name them by. To add one: its file, and its name here. */
export const detectors = { yunet, scrfd } satisfies Record<string, DetectorEntry>

export type Detectors = Readonly<Record<string, DetectorEntry>>

/** The names of all detectors, for messages and help texts. */
export const detectorNames = Object.keys(detectors)

/** The entry called `name` of a registry, or undefined. */
export const findDetector = (name: string, registry: Detectors = detectors): DetectorEntry | undefined =>
  Object.hasOwn(registry, name) ? registry[name] : undefined

/** Loads the detector that `spec.kind` names. Throws if there is none, or if the file is not a network of that kind. */
export const createDetector = async (
  spec: DetectorSpec,
  options?: NetworkOptions,
  registry: Detectors = detectors,
): Promise<Detector> => {
  const found = findDetector(spec.kind, registry)
  if (!found) throw new Error(`Unknown detector ${spec.kind}; use one of ${Object.keys(registry).join(', ')}`)
  return found.create(spec, options)
}
