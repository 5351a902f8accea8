import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { StorageDriver } from '../../driver.ts'
import { roundTrip } from '../../round-trip.ts'
import { createFileStore } from './file-store.ts'

const rootOf = (url: string, cwd: string): string =>
  url.startsWith('file://') ? fileURLToPath(url) : resolve(cwd, url.slice('file:'.length))

/** `file:.idem/artifacts` or `file:///srv/artifacts`: a folder of this machine, or one that it mounts. */
export const fileDriver: StorageDriver = {
  form: 'file:PATH',
  isShared: false,
  open: (url, { cwd, publicUrl, signingKey }) => createFileStore({ root: rootOf(url, cwd), publicUrl, signingKey }),
  describe: (url) => url,
  unit: (url, { cwd }) => rootOf(url, cwd),
  check: (store) =>
    roundTrip(store, 'check IDEM_STORAGE, the free space of its disk and the permissions of its folder'),
}
