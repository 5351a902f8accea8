import { z } from 'zod'
import { fromBase64, toBase64 } from '../lib/base64.ts'
import { seal, unseal } from '../lib/crypto/aes-gcm.ts'
import { EncryptionError, saysDamaged } from '../lib/crypto/encryption-error.ts'
import type { KeyRing } from '../lib/crypto/key-ring.ts'
import { undefinedIf } from '../lib/undefined-if.ts'
import { type ArtifactStore, ArtifactStoreError, listPages, readAll } from './store.ts'

const KEY_BYTES = 32
const options = { contentType: 'application/json' }

/** What the record of a key holds: a data key wrapped by a key of the ring, or the mark that it was destroyed. */
const recordSchema = z.union([
  z.object({ version: z.literal(1), keyId: z.string(), wrapped: z.string() }),
  z.object({ version: z.literal(1), shredded: z.string() }),
])
type KeyRecord = z.infer<typeof recordSchema>

const encode = (record: KeyRecord) => new TextEncoder().encode(`${JSON.stringify(record)}\n`)
const context = (ownerId: string, keyId: string) => `idem-data-key/1\n${keyId}\n${ownerId}`

const shredded = () => new EncryptionError('shredded', 'The data of this prediction has been erased')
const malformed = (id: string, cause?: unknown) =>
  new EncryptionError('malformed', `The record of the key of ${id} holds no key`, { cause })

/** A store where records of keys lie, and the start of their names in it. */
interface KeyPlace {
  readonly store: ArtifactStore
  readonly prefix: '' | 'keys/'
}

export interface KeyStores {
  /** A store for keys, where nothing else lies. */
  readonly keys?: ArtifactStore | undefined
  /** Where keys lie if they have no store; those of earlier releases lie there anyway. */
  readonly artifacts: ArtifactStore
}

export interface ListedKey {
  readonly ownerId: string
  readonly modifiedAt: Date
}

const pathOf = ({ prefix }: KeyPlace, ownerId: string) => `${prefix}${ownerId}.json`

/** Keys of predictions and uploads. Nothing keeps them in memory: a destroyed one is gone for all at once. */
export const createDataKeys = ({ keys, artifacts }: KeyStores, ring: KeyRing) => {
  const within: KeyPlace = { store: artifacts, prefix: 'keys/' }
  const own: KeyPlace = keys ? { store: keys, prefix: '' } : within
  const earlier = keys ? [within] : []
  const places = [own, ...earlier]

  const readRecord = async (place: KeyPlace, ownerId: string): Promise<KeyRecord | undefined> => {
    const artifact = await place.store.get(pathOf(place, ownerId))
    if (!artifact) return undefined
    const text = new TextDecoder().decode(await readAll(artifact))
    try {
      return recordSchema.parse(JSON.parse(text))
    } catch (cause) {
      throw malformed(ownerId, cause)
    }
  }

  const isMark = async (place: KeyPlace, ownerId: string): Promise<boolean> => {
    const record = await undefinedIf(saysDamaged, () => readRecord(place, ownerId))
    return record !== undefined && 'shredded' in record
  }

  const find = async (ownerId: string): Promise<KeyRecord | undefined> => {
    for (const place of places) {
      const record = await readRecord(place, ownerId)
      if (record) return record
    }
    return undefined
  }

  const read = async (ownerId: string): Promise<CryptoKey | undefined> => {
    const record = await find(ownerId)
    if (!record) return undefined
    if ('shredded' in record) throw shredded()
    const { keyId, wrapped } = record
    const bytes = fromBase64(wrapped)
    if (!bytes) throw malformed(ownerId)
    const raw = await unseal(await ring.key(keyId, 'data-key'), bytes, context(ownerId, keyId))
    return crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])
  }

  const create = async (ownerId: string): Promise<void> => {
    const keyId = ring.activeId
    const raw = crypto.getRandomValues(new Uint8Array(KEY_BYTES))
    const wrapped = await seal(await ring.key(keyId, 'data-key'), raw, context(ownerId, keyId))
    const record = encode({ version: 1, keyId, wrapped: toBase64(wrapped) })
    await own.store.put(pathOf(own, ownerId), record, { ...options, ifAbsent: true })
  }

  return {
    /** Throws `EncryptionError` `shredded`, also where there never was a key. */
    async get(ownerId: string): Promise<CryptoKey> {
      const key = await read(ownerId)
      if (!key) throw shredded()
      return key
    },

    /** The same key for all who ask at once: one of them writes it, and everyone reads what was written. */
    async getOrCreate(ownerId: string): Promise<CryptoKey> {
      const found = await read(ownerId)
      if (found) return found
      await create(ownerId)
      const key = await read(ownerId)
      if (key) return key
      throw new ArtifactStoreError(`The key of ${ownerId} is missing right after it was written`, { retryable: true })
    },

    async isShredded(ownerId: string): Promise<boolean> {
      const record = await find(ownerId)
      return record !== undefined && 'shredded' in record
    },

    /** Every record of a key and every mark, page by page. */
    async *pages(): AsyncGenerator<readonly ListedKey[]> {
      for (const { store, prefix } of places) {
        for await (const page of listPages(store, prefix)) {
          yield page.flatMap(({ key, modifiedAt }) => {
            const ownerId = /^([^/]+)\.json$/.exec(key.slice(prefix.length))?.[1]
            return ownerId ? [{ ownerId, modifiedAt }] : []
          })
        }
      }
    },

    /** Deletes keys and marks. */
    async forget(ids: readonly string[]): Promise<void> {
      for (const place of places) await place.store.delete(ids.map((id) => pathOf(place, id)))
    },

    /** Leaves a mark in the key's place, so that a late retry of a step does not make a new one. */
    async destroy(ownerId: string): Promise<void> {
      const mark = encode({ version: 1, shredded: new Date().toISOString() })
      await own.store.put(pathOf(own, ownerId), mark, options)
      for (const place of earlier) {
        // What it finds is the mark itself if both places are one.
        if (!(await isMark(place, ownerId))) await place.store.delete([pathOf(place, ownerId)])
      }
    },
  }
}
