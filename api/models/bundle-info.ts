import type { ServedDiffusion } from '../../contracts/bundle-manifest.ts'

/** What the API must know of a model bundle. */
export interface BundleInfo extends Omit<ServedDiffusion, 'scheduler'> {
  /** SHA-256 of its manifest, in hexadecimal. */
  readonly sha256: string
  /** When the bundle was put where it is. */
  readonly createdAt: Date
  /** How its schedulers are set up; if it is not known, workers refuse settings that they cannot use. */
  readonly scheduler?: ServedDiffusion['scheduler'] | undefined
}
