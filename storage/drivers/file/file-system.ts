import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, realpath, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { errorCode } from '../../../lib/error-code.ts'
import { ArtifactStoreError } from '../../store.ts'

/** Error codes after which the same call may work: a disk may be given room or be mounted again, the others are transient. */
const transient = new Set([
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'ENOTCONN',
  'EIO',
  'EMFILE',
  'ENFILE',
  'EAGAIN',
  'EBUSY',
  'EINTR',
  'ETIMEDOUT',
  'ESTALE',
])

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk is full',
  EROFS: 'the disk is read-only',
}

/** Says what was attempted with which artifact, and keeps the cause. */
export const storeError = (attempt: string, cause: unknown): ArtifactStoreError => {
  if (cause instanceof ArtifactStoreError) return cause
  const code = errorCode(cause)
  const reason = reasons[code] ?? (code || String(cause))
  return new ArtifactStoreError(`Cannot ${attempt}: ${reason}`, { retryable: transient.has(code), cause })
}

/** Makes the entries of a folder (a rename, a new file, a deletion) survive a power cut. */
export const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes `folder` with its parents, lastingly. */
export const makeFolder = async (folder: string): Promise<void> => {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made))
}

/** Removes `folder` and its parents below `root` for as long as they are empty; answers the one that stays. */
export const removeEmptyFolders = async (folder: string, root: string): Promise<string> => {
  let at = folder
  while (at !== root) {
    try {
      await rmdir(at)
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') break
    }
    at = dirname(at)
  }
  return at
}

/** Removes what a crash left in the folder of temporary files: all that nobody wrote to since `beforeMs`. Never throws. */
export const removeStale = async (folder: string, beforeMs: number): Promise<void> => {
  const names = await readdir(folder).catch(() => [])
  for (const name of names) {
    const file = join(folder, name)
    const found = await stat(file).catch(() => undefined)
    if (found && found.mtimeMs < beforeMs) await rm(file, { force: true }).catch(() => undefined)
  }
}

/** Throws where a symbolic link leads out of the root, or a folder of the path is a file. */
export const checkInside = async (root: string, file: string): Promise<void> => {
  const folder = await realpath(dirname(file))
  const expected = resolve(await realpath(root), relative(root, dirname(file)))
  if (folder === expected) return
  throw new ArtifactStoreError(`A link leads outside ${relative(root, file).split(sep).join('/')}`, {
    retryable: false,
  })
}

/** Opens an artifact for reading; undefined if it does not exist. Never follows a link. */
export const openInside = async (root: string, file: string): Promise<FileHandle | undefined> => {
  try {
    await checkInside(root, file)
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW)
    if ((await handle.stat()).isFile()) return handle
    await handle.close()
    return undefined
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorCode(error))) return undefined
    throw error
  }
}
