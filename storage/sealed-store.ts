import { isPublished, ownerOf } from '../contracts/artifact-keys.ts'
import { seal, unseal } from '../lib/crypto/aes-gcm.ts'
import type { KeyRing } from '../lib/crypto/key-ring.ts'
import { createDataKeys, type ListedKey } from './data-keys.ts'
import { type Artifact, type ArtifactStore, ArtifactStoreError, readAll } from './store.ts'

export interface SealedStore extends ArtifactStore {
  /** Whether keys lie in another store than what they seal. */
  readonly keysApart: boolean
  /**
   * Destroys a prediction's or an upload's key: no copy of what was sealed can be read from then on, except with a copy of
   * the key itself. If keys lie with the artifacts, a copy of that store has both.
   */
  shred(ownerId: string): Promise<void>
  isShredded(ownerId: string): Promise<boolean>
  /** The keys, and the marks that `shred` has left, page by page. */
  keyPages(): AsyncIterable<readonly ListedKey[]>
  /** Takes away the mark that `shred` has left, or the key; for what nobody can write to any more. */
  forget(ownerIds: readonly string[]): Promise<void>
}

const refuse = (what: string) => new ArtifactStoreError(what, { retryable: false })

/**
 * A store whose private artifacts (photos, crops, vectors, checkpoints: all that has an owner, `ownerOf`) are encrypted
 * at rest: AES-256-GCM under the key of their prediction, which is kept wrapped by the key ring. The bytes are bound
 * to prediction and key, so that they cannot be put in each other's place. What may be handed out stays plain.
 *
 * `get` and `put` throw `EncryptionError`: `shredded` after `shred`, `tampered` where the bytes were changed or belong
 * elsewhere. Sealed artifacts are read whole, and never by a signed URL; `bytes` of a list or a head is the sealed size.
 *
 * @example
 * const store = createSealedStore(openStore(artifactsUrl, options), ring, { keys: openStore(keysUrl, options) })
 */
export const createSealedStore = (
  store: ArtifactStore,
  ring: KeyRing,
  { keys }: { keys?: ArtifactStore | undefined } = {},
): SealedStore => {
  const dataKeys = createDataKeys({ keys, artifacts: store }, ring)
  const context = (ownerId: string, key: string) => `idem-artifact/1\n${ownerId}\n${key}`
  const collect = async (body: Uint8Array | ReadableStream<Uint8Array>) =>
    body instanceof Uint8Array ? body : new Uint8Array(await new Response(body as BodyInit).arrayBuffer())

  const open = async (artifact: Artifact, ownerId: string): Promise<Artifact> => {
    const { key, contentType, modifiedAt } = artifact
    const sealed = await readAll(artifact)
    const bytes = await unseal(await dataKeys.get(ownerId), sealed, context(ownerId, key))
    return { key, contentType, modifiedAt, bytes: bytes.length, body: new Blob([bytes]).stream() }
  }

  return {
    ...store,

    async put(key, body, options) {
      const ownerId = ownerOf(key)
      if (!ownerId) return store.put(key, body, options)
      const dataKey = await dataKeys.getOrCreate(ownerId)
      return store.put(key, await seal(dataKey, await collect(body), context(ownerId, key)), options)
    },

    async get(key, range) {
      const ownerId = ownerOf(key)
      if (!ownerId) return store.get(key, range)
      if (range) throw refuse('An encrypted artifact can only be read as a whole')
      const artifact = await store.get(key)
      return artifact && open(artifact, ownerId)
    },

    async signGet(key, options) {
      if (!isPublished(key)) throw refuse('Signed URLs only serve published files')
      return store.signGet(key, options)
    },

    async signPut(key, options) {
      if (!isPublished(key)) throw refuse('Signed URLs only accept published files')
      return store.signPut(key, options)
    },

    keysApart: keys !== undefined,
    shred: (ownerId) => dataKeys.destroy(ownerId),
    isShredded: (ownerId) => dataKeys.isShredded(ownerId),
    keyPages: () => dataKeys.pages(),
    forget: (ownerIds) => dataKeys.forget(ownerIds),
  }
}
