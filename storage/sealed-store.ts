import { type ArtifactStore, readAll } from '../contracts/artifacts.ts'
import { seal, unseal } from '../contracts/encryption/aes-gcm.ts'
import type { KeyRing } from '../contracts/encryption/key-ring.ts'
import { createDataKeys } from './data-keys.ts'

export interface SealedStore {
  /** Stores bytes encrypted under the prediction's own key. Throws `EncryptionError` `shredded` after `shred`. */
  putSealed(predictionId: string, key: string, bytes: Uint8Array, contentType: string): Promise<void>
  /**
   * The bytes, or undefined where there is no such artifact. Throws `EncryptionError`: `shredded` after `shred`,
   * `tampered` where the bytes were changed or belong to another key or prediction.
   */
  getSealed(predictionId: string, key: string): Promise<Uint8Array<ArrayBuffer> | undefined>
  /** Destroys the prediction's key: every copy of what was sealed, backups included, is unreadable from now on. */
  shred(predictionId: string): Promise<void>
}

/**
 * Photos, crops and vectors at rest: AES-256-GCM under a key of their own prediction, which is kept wrapped by the key
 * ring. The bytes are bound to prediction and key, so that they cannot be put in each other's place.
 */
export const createSealedStore = (store: ArtifactStore, ring: KeyRing): SealedStore => {
  const dataKeys = createDataKeys(store, ring)
  const context = (predictionId: string, key: string) => `idem-artifact/1\n${predictionId}\n${key}`

  return {
    async putSealed(predictionId, key, bytes, contentType) {
      const dataKey = await dataKeys.getOrCreate(predictionId)
      await store.put(key, await seal(dataKey, bytes, context(predictionId, key)), { contentType })
    },

    async getSealed(predictionId, key) {
      const artifact = await store.get(key)
      if (!artifact) return undefined
      const sealed = await readAll(artifact)
      return unseal(await dataKeys.get(predictionId), sealed, context(predictionId, key))
    },

    shred: (predictionId) => dataKeys.destroy(predictionId),
  }
}
