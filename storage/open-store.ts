import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createFileStore } from './drivers/file/file.ts'
import { openS3Store } from './drivers/s3/open-s3-store.ts'
import type { SigningKey } from './signed-url.ts'
import { type ArtifactStore, ArtifactStoreError } from './store.ts'

export interface OpenStoreOptions {
  /** Base of the file driver's signed URLs. */
  publicUrl: string
  /** Signs the file driver's URLs. */
  signingKey: SigningKey
  /** What a relative `file:` path starts from. */
  cwd: string
  /** The `AWS_*` variables of the s3 driver. */
  env?: Readonly<Record<string, string | undefined>>
}

/** Opens the store that `IDEM_STORAGE` names: `file:.idem/artifacts`, `file:///srv/artifacts` or `s3://bucket/prefix?…`. */
export const openStore = (url: string, options: OpenStoreOptions): ArtifactStore => {
  const { publicUrl, signingKey, cwd, env = {} } = options
  if (/^file:./.test(url)) {
    const root = url.startsWith('file://') ? fileURLToPath(url) : resolve(cwd, url.slice('file:'.length))
    return createFileStore({ root, publicUrl, signingKey })
  }
  if (url.startsWith('s3://')) return openS3Store(url, env)
  throw new ArtifactStoreError(`Unknown artifact store ${url.split('?')[0]}: use file:… or s3://…`, {
    retryable: false,
  })
}
