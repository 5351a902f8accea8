import { findDriver, type OpenStoreOptions } from './driver.ts'
import { storageDrivers } from './drivers/index.ts'
import type { ArtifactStore } from './store.ts'

/**
 * Opens the store that `IDEM_STORAGE` names. Throws `ArtifactStoreError` if it names none.
 *
 * @example
 * const store = openStore('file:.idem/artifacts', { publicUrl, signingKey, cwd: process.cwd() })
 */
export const openStore = (url: string, options: OpenStoreOptions): ArtifactStore =>
  findDriver(url, storageDrivers).open(url, options)
