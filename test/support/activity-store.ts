import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toBase64 } from '../../lib/base64.ts'
import { parseKeyRing } from '../../lib/crypto/key-ring.ts'
import { createFileStore } from '../../storage/drivers/file/file-store.ts'
import { createSealedStore } from '../../storage/sealed-store.ts'
import { listAll, readAll } from '../../storage/store.ts'

/** The store that workers have, in a folder that `close` removes. */
export const openActivityStore = async () => {
  const root = await mkdtemp(join(tmpdir(), 'idem-activity-'))
  const plain = createFileStore({ root, publicUrl: 'http://127.0.0.1', signingKey: new Uint8Array(32) })
  const store = createSealedStore(plain, parseKeyRing(`a:${toBase64(new Uint8Array(32).fill(1))}`))
  return {
    store,
    /** What lies below: bytes as they are on the disk. */
    plain,
    /** The bytes under a key, unsealed. */
    read: async (key: string): Promise<Uint8Array> => {
      const artifact = await store.get(key)
      if (!artifact) throw new Error(`There is nothing under ${key}`)
      return readAll(artifact)
    },
    put: (key: string, bytes: Uint8Array) => store.put(key, bytes, { contentType: 'application/octet-stream' }),
    /** Keys of what a prediction has, private and published. */
    keysOf: async (id: string): Promise<string[]> => [
      ...(await listAll(store, `predictions/${id}/`)),
      ...(await listAll(store, `public/${id}/`)),
    ],
    /** Makes everything that is stored so far so old. */
    age: async (ms: number): Promise<void> => {
      const then = new Date(Date.now() - ms)
      const entries = await readdir(root, { recursive: true, withFileTypes: true })
      const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
      await Promise.all(files.map((file) => utimes(file, then, then)))
    },
    close: () => rm(root, { recursive: true, force: true }),
  }
}

export type ActivityStore = Awaited<ReturnType<typeof openActivityStore>>
