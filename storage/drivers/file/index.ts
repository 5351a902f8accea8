import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { StorageDriver } from '../../driver.ts'
import { roundTrip } from '../../round-trip.ts'
import { createFileStore } from './file-store.ts'

/** `file:.idem/artifacts` or `file:///srv/artifacts`: a folder of this machine, or one that it mounts. */
export const fileDriver: StorageDriver = {
  form: 'file:PATH',
  isShared: false,
  open: (url, { cwd, publicUrl, signingKey }) => {
    const root = url.startsWith('file://') ? fileURLToPath(url) : resolve(cwd, url.slice('file:'.length))
    return createFileStore({ root, publicUrl, signingKey })
  },
  describe: (url) => url,
  check: (store) =>
    roundTrip(store, 'check IDEM_STORAGE, the free space of its disk and the permissions of its folder'),
}
