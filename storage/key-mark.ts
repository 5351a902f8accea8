import { z } from 'zod'
import { fromBase64, toBase64 } from '../lib/base64.ts'
import { seal, unseal } from '../lib/crypto/aes-gcm.ts'
import { EncryptionError } from '../lib/crypto/encryption-error.ts'
import type { KeyRing } from '../lib/crypto/key-ring.ts'
import { type ArtifactStore, putJson, readJson } from './store.ts'

const markKey = 'ring/active.json'
const markSchema = z.object({ version: z.literal(1), keyId: z.string(), proof: z.string() })
const contextOf = (keyId: string) => `idem-key-mark/1\n${keyId}`

const refuse = (message: string) => new EncryptionError('key_unknown', `IDEM_ENCRYPTION_KEYS: ${message}`)

const writeMark = async (store: ArtifactStore, ring: KeyRing): Promise<void> => {
  const keyId = ring.activeId
  const proof = await seal(await ring.key(keyId, 'data-key'), new TextEncoder().encode(keyId), contextOf(keyId))
  await putJson(store, markKey, { version: 1, keyId, proof: toBase64(proof) } satisfies z.infer<typeof markSchema>)
}

/**
 * Compares the key ring with a mark in the store, which is made with the key that a worker encrypted with when it last
 * started, and brings the mark up to date. Throws `EncryptionError` `key_unknown`, which names the key, if the ring does not
 * have it, or has another key by its name: such a process can read nothing.
 *
 * Only the mark counts, and not the id that some payload names: whoever can write to Temporal could end workers by that.
 */
export const checkKeyMark = async (store: ArtifactStore, ring: KeyRing): Promise<void> => {
  const mark = markSchema.safeParse(await readJson(store, markKey).catch((error) => ignoreDamage(error))).data
  if (mark) {
    const { keyId, proof } = mark
    const named = JSON.stringify(keyId.slice(0, 64))
    if (!ring.ids.includes(keyId)) {
      throw refuse(`the key ${named} is missing, which encrypts what is stored; add it, also behind a newer one`)
    }
    const sealed = fromBase64(proof)
    const key = await ring.key(keyId, 'data-key')
    const fits = sealed !== undefined && (await unseal(key, sealed, contextOf(keyId)).then(Boolean, () => false))
    if (!fits) throw refuse(`the key ${named} is not the one that encrypts what is stored under that name`)
    if (keyId === ring.activeId) return
  }
  await writeMark(store, ring)
}

/** A mark that cannot be parsed is made again. */
const ignoreDamage = (error: unknown): undefined => {
  if (error instanceof SyntaxError) return undefined
  throw error
}
