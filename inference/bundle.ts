import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { type Manifest, manifestSchema } from '../contracts/bundle-manifest.ts'
import { sha256Hex } from '../lib/sha256.ts'
import { BundleError } from './bundle-error.ts'
import { checkDeclarations } from './diffusion/declared-inputs.ts'
import { type Detectors, findDetector, detectors as knownDetectors } from './faces/detectors/index.ts'
import { requireUsableDefaults } from './numeric/schedulers/index.ts'
import { SchedulerError } from './numeric/schedulers/scheduler.ts'

export interface Bundle {
  readonly folder: string
  readonly manifest: Manifest
  /** Of the manifest's bytes, and so of all files that it names; in hexadecimal. */
  readonly sha256: string
  /** Absolute path of a file that the manifest names. */
  path(file: string): string
}

/** Throws `BundleError` where the recogniser is another one than the diffusion was trained with. */
const checkRecogniser = ({ recogniser, diffusion, files }: Manifest): void => {
  const wanted = diffusion.recogniserSha256
  const found = recogniser && files[recogniser.file]?.sha256
  if (!wanted || !found || found === wanted) return
  throw new BundleError(
    `${recogniser.file} is not the recogniser that the diffusion was trained with (sha256 ${found}, expected ${wanted}): its vectors mean nothing to it. Arc2Face needs its own arcface.onnx, not antelopev2's glintr100`,
  )
}

/** Throws `BundleError` if there is no detector of the kind that the bundle names. */
const checkDetector = ({ detector }: Manifest, detectors: Detectors): void => {
  if (!detector || findDetector(detector.kind, detectors)) return
  const known = Object.keys(detectors).join(', ')
  throw new BundleError(`detector.kind is ${JSON.stringify(detector.kind)}; the detectors are ${known}`)
}

/** Throws `BundleError` unless the bundle's own scheduler can do its default number of steps. */
const checkDefaults = ({ diffusion }: Manifest, file: string): void => {
  try {
    requireUsableDefaults(diffusion)
  } catch (cause) {
    if (!(cause instanceof SchedulerError)) throw cause
    throw new BundleError(`${file}: diffusion.defaults cannot be used: ${cause.message}`, { cause })
  }
}

export interface LoadBundleOptions {
  /** In place of the detectors of this project. */
  detectors?: Detectors
}

/**
 * Reads `folder/manifest.json`. Throws `BundleError`, which names the field, if it does not describe a bundle.
 *
 * @example
 * const bundle = await loadBundle('models/demo')
 * bundle.path(bundle.manifest.diffusion.unet.file)
 */
export const loadBundle = async (
  folder: string,
  { detectors = knownDetectors }: LoadBundleOptions = {},
): Promise<Bundle> => {
  const root = resolve(folder)
  const file = join(root, 'manifest.json')
  let bytes: Buffer
  let json: unknown
  try {
    bytes = await readFile(file)
    json = JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new BundleError(`No model bundle at ${root}: cannot read manifest.json`, { cause })
  }
  const parsed = manifestSchema.safeParse(json)
  if (!parsed.success) throw new BundleError(`${file}: ${z.prettifyError(parsed.error)}`)
  checkRecogniser(parsed.data)
  checkDetector(parsed.data, detectors)
  checkDefaults(parsed.data, file)
  checkDeclarations(parsed.data.diffusion)
  const sha256 = await sha256Hex(bytes)
  return { folder: root, manifest: parsed.data, sha256, path: (name) => join(root, name) }
}
