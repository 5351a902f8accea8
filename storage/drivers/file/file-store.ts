import { randomUUID } from 'node:crypto'
import { link, lstat, open, rename, rm, stat, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { errorCode } from '../../../lib/error-code.ts'
import { retry } from '../../../lib/retry.ts'
import { checkKey, checkLimit, checkPrefix, checkPut, checkRange, rangePastEnd } from '../../artifact-checks.ts'
import { type SigningKey, signFileUrl } from '../../signed-url.ts'
import { type ArtifactInfo, type ArtifactStore, ArtifactStoreError, type ListedArtifact } from '../../store.ts'
import { readInfo, streamFile, trailer } from './file-format.ts'
import { walkKeys } from './file-list.ts'
import {
  checkInside,
  makeFolder,
  openInside,
  removeEmptyFolders,
  removeStale,
  storeError,
  syncFolder,
} from './file-system.ts'

export interface FileStoreOptions {
  /** Folder of the artifacts; made with mode 0700 when first written to. */
  root: string
  /** Base of the signed URLs, whose `/v1/files/` the API serves. */
  publicUrl: string
  signingKey: SigningKey
}

const TEMPORARY = '.temporary'
/** A put touches its temporary file with every chunk; one that has not for so long belongs to nobody. */
const STALE_MS = 60 * 60 * 1000
/** A delete may take away the folder that a put has just made. */
const PLACE_ATTEMPTS = 5

const damagedFile = (key: string) => new ArtifactStoreError(`The file of ${key} is incomplete`, { retryable: false })

/** Artifacts as files under one folder. A key cannot be an artifact and the folder of another. */
export const createFileStore = ({ publicUrl, signingKey, ...options }: FileStoreOptions): ArtifactStore => {
  const root = resolve(options.root)
  const temporary = join(root, TEMPORARY)
  const path = (key: string) => join(root, ...key.split('/'))
  let swept: Promise<void> | undefined

  const infoOf = async (key: string, { evenDamaged = false } = {}): Promise<ArtifactInfo | undefined> => {
    const file = await openInside(root, path(key))
    if (!file) return undefined
    try {
      const { damaged, ...info } = await readInfo(file)
      if (damaged && !evenDamaged) throw damagedFile(key)
      return { key, ...info }
    } finally {
      await file.close()
    }
  }

  const write = async (file: string, body: Uint8Array | ReadableStream<Uint8Array>, contentType: string) => {
    const handle = await open(file, 'wx', 0o600)
    try {
      let bytes = 0
      for await (const chunk of body instanceof Uint8Array ? [body] : body) {
        await handle.writeFile(chunk)
        bytes += chunk.length
      }
      await handle.writeFile(trailer(bytes, contentType))
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  const place = async (source: string, target: string, ifAbsent: boolean): Promise<'written' | 'kept'> => {
    const placeOnce = async (): Promise<'written' | 'kept'> => {
      await makeFolder(dirname(target))
      await checkInside(root, target)
      try {
        // link(2) fails if the name is taken, rename(2) replaces: both in one step.
        await (ifAbsent ? link(source, target) : rename(source, target))
      } catch (error) {
        if (ifAbsent && errorCode(error) === 'EEXIST' && (await lstat(target)).isFile()) return 'kept'
        throw error
      }
      await syncFolder(dirname(target))
      return 'written'
    }
    // The folder may be removed between its making and its use.
    const shouldRetry = (error: unknown) => errorCode(error) === 'ENOENT'
    return retry(placeOnce, { attempts: PLACE_ATTEMPTS, shouldRetry })
  }

  return {
    async put(key, body, putOptions) {
      checkPut(key, putOptions)
      const { contentType, ifAbsent = false } = putOptions
      const source = join(temporary, randomUUID())
      try {
        if (ifAbsent && (await infoOf(key))) {
          if (!(body instanceof Uint8Array)) await body.cancel()
          return 'kept'
        }
        await makeFolder(temporary)
        await write(source, body, contentType)
        // By the disk's clock: this machine's may be ahead of those that write there too.
        swept ??= stat(source).then(({ mtimeMs }) => removeStale(temporary, mtimeMs - STALE_MS))
        await swept
        return await place(source, path(key), ifAbsent)
      } catch (error) {
        if (['EISDIR', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST'].includes(errorCode(error))) {
          const message = `Cannot store ${key}: a key cannot be an artifact and the folder of another`
          throw new ArtifactStoreError(message, { retryable: false, cause: error })
        }
        throw storeError(`store ${key}`, error)
      } finally {
        // On a disk that has just become read-only it stays, and goes as stale: the failure of the put says more.
        await rm(source, { force: true }).catch(() => undefined)
      }
    },

    async get(key, range) {
      checkKey(key)
      if (range) checkRange(range)
      const file = await openInside(root, path(key)).catch((error) => {
        throw storeError(`read ${key}`, error)
      })
      if (!file) return undefined
      try {
        const { damaged, ...info } = await readInfo(file)
        if (damaged) throw damagedFile(key)
        const { start = 0, end = info.bytes - 1 } = range ?? {}
        if (range && start >= info.bytes) throw rangePastEnd(key, start)
        return { key, ...info, body: streamFile(file, start, Math.min(end + 1, info.bytes)) }
      } catch (error) {
        await file.close()
        throw storeError(`read ${key}`, error)
      }
    },

    async head(key) {
      checkKey(key)
      return infoOf(key).catch((error) => {
        throw storeError(`look up ${key}`, error)
      })
    },

    async list(prefix, { cursor = '', limit } = {}) {
      checkPrefix(prefix)
      const most = checkLimit(limit)
      const artifacts: ListedArtifact[] = []
      try {
        for await (const key of walkKeys(root, prefix, cursor)) {
          if (artifacts.length === most) return { artifacts, cursor: artifacts.at(-1)!.key }
          const info = await infoOf(key, { evenDamaged: true })
          if (info) artifacts.push({ key, bytes: info.bytes, modifiedAt: info.modifiedAt })
        }
      } catch (error) {
        throw storeError(`list ${prefix}`, error)
      }
      return { artifacts }
    },

    async delete(keys) {
      for (const key of keys) checkKey(key)
      const touched = new Set<string>()
      for (const key of keys) {
        try {
          await checkInside(root, path(key))
          await unlink(path(key))
          touched.add(dirname(path(key)))
        } catch (error) {
          if (!['ENOENT', 'ENOTDIR', 'EISDIR'].includes(errorCode(error))) throw storeError(`delete ${key}`, error)
        }
      }
      for (const folder of touched) {
        const staying = await removeEmptyFolders(folder, root)
        await syncFolder(staying).catch((error) => {
          if (errorCode(error) !== 'ENOENT') throw storeError('delete artifacts', error)
        })
      }
    },

    signGet: (key, { expiresInSeconds, holder }) =>
      signFileUrl({ method: 'GET', key, expiresInSeconds, holder, publicUrl, signingKey }),

    signPut: (key, { expiresInSeconds, contentType }) =>
      signFileUrl({ method: 'PUT', contentType, key, expiresInSeconds, publicUrl, signingKey }),
  }
}
