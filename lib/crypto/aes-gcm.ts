import { EncryptionError } from './encryption-error.ts'

/** NIST SP 800-38D: 96 random bits a message, 2^32 messages a key at most; a 128-bit tag. */
const NONCE_BYTES = 12
const TAG_BYTES = 16

type Bytes = Uint8Array<ArrayBuffer>

const parameters = (iv: Bytes, context: string) => ({
  name: 'AES-GCM',
  iv,
  additionalData: new TextEncoder().encode(context),
  tagLength: TAG_BYTES * 8,
})

/** AES-GCM under a fresh nonce: nonce, ciphertext, tag. `context` is authenticated, not stored. */
export const seal = async (key: CryptoKey, plain: Uint8Array, context: string): Promise<Bytes> => {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
  const sealed = new Uint8Array(await crypto.subtle.encrypt(parameters(nonce, context), key, new Uint8Array(plain)))
  const out = new Uint8Array(NONCE_BYTES + sealed.length)
  out.set(nonce)
  out.set(sealed, NONCE_BYTES)
  return out
}

/** What `seal` was given. Throws `EncryptionError`: `tampered` where bytes, key and context do not belong together. */
export const unseal = async (key: CryptoKey, sealed: Uint8Array, context: string): Promise<Bytes> => {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new EncryptionError('malformed', 'Too short to be encrypted')
  const nonce = new Uint8Array(sealed.subarray(0, NONCE_BYTES))
  const body = new Uint8Array(sealed.subarray(NONCE_BYTES))
  try {
    return new Uint8Array(await crypto.subtle.decrypt(parameters(nonce, context), key, body))
  } catch (cause) {
    throw new EncryptionError(
      'tampered',
      'Cannot decrypt: the data was changed, or it was encrypted for another place',
      { cause },
    )
  }
}
