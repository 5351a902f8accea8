import type { ServedDiffusion } from '../../contracts/bundle-manifest.ts'

/** What the API needs to know about a model bundle. */
export interface BundleInfo extends Omit<ServedDiffusion, 'scheduler'> {
  /** SHA-256 of its manifest, in hexadecimal. */
  readonly sha256: string
  /** Modification time of the bundle's manifest. */
  readonly createdAt: Date
  /** Settings of its schedulers. If omitted, only workers check the settings of requests. */
  readonly scheduler?: ServedDiffusion['scheduler'] | undefined
}
