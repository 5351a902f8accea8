import { z } from 'zod'
import { fromBase64, toBase64 } from '../lib/base64.ts'
import { seal, unseal } from '../lib/crypto/aes-gcm.ts'
import { EncryptionError } from '../lib/crypto/encryption-error.ts'
import type { KeyRing } from '../lib/crypto/key-ring.ts'
import { type ArtifactStore, ArtifactStoreError, readAll } from './store.ts'

const KEY_BYTES = 32
const options = { contentType: 'application/json' }

/** What `keys/<prediction id>.json` holds: a data key wrapped by a key of the ring, or the mark that it was destroyed. */
const recordSchema = z.union([
  z.object({ version: z.literal(1), keyId: z.string(), wrapped: z.string() }),
  z.object({ version: z.literal(1), shredded: z.string() }),
])
type KeyRecord = z.infer<typeof recordSchema>

const path = (predictionId: string) => `keys/${predictionId}.json`
const encode = (record: KeyRecord) => new TextEncoder().encode(`${JSON.stringify(record)}\n`)
const context = (predictionId: string, keyId: string) => `idem-data-key/1\n${keyId}\n${predictionId}`

const shredded = () => new EncryptionError('shredded', 'The data of this prediction has been erased')
const malformed = (id: string) => new EncryptionError('malformed', `The artifact ${path(id)} holds no key`)

/** Keys of predictions, kept in the store. Nothing keeps them in memory: a destroyed one is gone for all at once. */
export const createDataKeys = (store: ArtifactStore, ring: KeyRing) => {
  const read = async (predictionId: string): Promise<CryptoKey | undefined> => {
    const artifact = await store.get(path(predictionId))
    if (!artifact) return undefined
    const text = new TextDecoder().decode(await readAll(artifact))
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch (cause) {
      throw new EncryptionError('malformed', `The artifact ${path(predictionId)} holds no key`, { cause })
    }
    const record = recordSchema.safeParse(json)
    if (!record.success) throw malformed(predictionId)
    if ('shredded' in record.data) throw shredded()
    const { keyId, wrapped } = record.data
    const bytes = fromBase64(wrapped)
    if (!bytes) throw malformed(predictionId)
    const raw = await unseal(await ring.key(keyId, 'data-key'), bytes, context(predictionId, keyId))
    return crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])
  }

  const create = async (predictionId: string): Promise<void> => {
    const keyId = ring.activeId
    const raw = crypto.getRandomValues(new Uint8Array(KEY_BYTES))
    const wrapped = await seal(await ring.key(keyId, 'data-key'), raw, context(predictionId, keyId))
    const record = encode({ version: 1, keyId, wrapped: toBase64(wrapped) })
    await store.put(path(predictionId), record, { ...options, ifAbsent: true })
  }

  return {
    /** Throws `EncryptionError` `shredded`, also where there never was a key. */
    async get(predictionId: string): Promise<CryptoKey> {
      const key = await read(predictionId)
      if (!key) throw shredded()
      return key
    },

    /** The same key for all who ask at once: one of them writes it, and everyone reads what was written. */
    async getOrCreate(predictionId: string): Promise<CryptoKey> {
      const found = await read(predictionId)
      if (found) return found
      await create(predictionId)
      const key = await read(predictionId)
      if (key) return key
      throw new ArtifactStoreError(`The artifact ${path(predictionId)} is gone as soon as written`, { retryable: true })
    },

    /** Deletes keys and marks. */
    forget: (ids: readonly string[]): Promise<void> => store.delete(ids.map(path)),

    /** Leaves a mark in the key's place, so that a late retry of a step does not make a new one. */
    destroy: async (predictionId: string): Promise<void> => {
      await store.put(path(predictionId), encode({ version: 1, shredded: new Date().toISOString() }), options)
    },
  }
}
