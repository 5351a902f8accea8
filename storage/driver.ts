import type { SigningKey } from './signed-url.ts'
import { type ArtifactStore, ArtifactStoreError } from './store.ts'

export interface OpenStoreOptions {
  /** Base of the signed URLs of a driver whose files the API serves. */
  publicUrl: string
  /** Signs those URLs. */
  signingKey: SigningKey
  /** What a relative path starts from. */
  cwd: string
  /** Credentials and other settings: the `AWS_*` variables of the s3 driver. */
  env?: Readonly<Record<string, string | undefined>>
}

export type StorageCheck =
  | { readonly ok: true; readonly what: string }
  | { readonly ok: false; readonly what: string; readonly advice: string }

/** One kind of artifact store: what its folder exports, and `drivers/index.ts` lists by the scheme of its URLs. */
export interface StorageDriver {
  /** How its URLs look, for messages: `s3://bucket/prefix?…`. */
  readonly form: string
  /** Whether every machine with the same URL sees the same artifacts. */
  readonly isShared: boolean
  /** Throws `ArtifactStoreError` if the URL or the environment does not describe a store. */
  open(url: string, options: OpenStoreOptions): ArtifactStore
  /** The URL without what has no place in a log. */
  describe(url: string): string
  /** What is copied or backed up as one, for comparison: the bucket, or the folder. Unknown if it is omitted. */
  unit?(url: string, options: Pick<OpenStoreOptions, 'cwd' | 'env'>): string
  /** Whether it keeps what is overwritten and deleted. A driver without this keeps nothing. */
  keepsVersions?(url: string, options: Pick<OpenStoreOptions, 'env'>): Promise<'yes' | 'no' | 'unknown'>
  /** Tries what the service does with a store; what is wrong is part of the answer, not an error. */
  check(store: ArtifactStore): Promise<StorageCheck>
}

export type StorageDrivers = Readonly<Record<string, StorageDriver>>

/** The driver for a URL's scheme. Throws `ArtifactStoreError`, which lists the forms that are known. */
export const findDriver = (url: string, drivers: StorageDrivers): StorageDriver => {
  const scheme = /^([a-z][a-z0-9+.-]*):./.exec(url)?.[1] ?? ''
  const driver = Object.hasOwn(drivers, scheme) ? drivers[scheme] : undefined
  if (driver) return driver
  const forms = Object.values(drivers)
    .map(({ form }) => form)
    .join(' or ')
  throw new ArtifactStoreError(`Unknown artifact store ${url.split('?')[0]}: use ${forms}`, { retryable: false })
}
