import { fromBase64 } from '../base64.ts'
import { EncryptionError } from './encryption-error.ts'

const encrypts = { algorithm: { name: 'AES-GCM', length: 256 }, usages: ['encrypt', 'decrypt'] as const }
const signs = { algorithm: { name: 'HMAC', hash: 'SHA-256', length: 256 }, usages: ['sign', 'verify'] as const }

/** What a key is used for; each has its own key, derived from the ring's. */
const purposes = { payload: encrypts, 'data-key': encrypts, url: signs }
export type KeyPurpose = keyof typeof purposes
export const keyPurposes = Object.keys(purposes) as KeyPurpose[]

export interface KeyRing {
  /** Id of the key that encrypts; the others only decrypt. */
  readonly activeId: string
  readonly ids: readonly string[]
  /** An AES-256-GCM key; an HMAC-SHA-256 key for `url`. Throws `EncryptionError` `key_unknown`, which names the id. */
  key(id: string, purpose: KeyPurpose): Promise<CryptoKey>
}

export interface KeyRingOptions {
  /** Called when a key is asked for that the ring does not have. */
  onUnknown?: () => void
}

const KEY_BYTES = 32
const idPattern = /^[A-Za-z0-9._-]{1,64}$/

const refuse = (message: string) => new EncryptionError('keys_invalid', `IDEM_ENCRYPTION_KEYS: ${message}`)

const derive = async (secret: Uint8Array<ArrayBuffer>, purpose: KeyPurpose): Promise<CryptoKey> => {
  const base = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey'])
  const info = new TextEncoder().encode(`idem ${purpose} key/1`)
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info }
  const { algorithm, usages } = purposes[purpose]
  return crypto.subtle.deriveKey(hkdf, base, algorithm, false, usages)
}

/**
 * Reads `id:base64,id:base64…`: keys of 32 random bytes, the newest first. To rotate without downtime, first add the new
 * key at the end everywhere, then move it to the front, and drop the old one when nothing is kept under it any more.
 * Throws `EncryptionError` `keys_invalid`, which says which key and never what it is.
 */
export const parseKeyRing = (text: string, { onUnknown }: KeyRingOptions = {}): KeyRing => {
  const secrets = new Map<string, Uint8Array<ArrayBuffer>>()
  for (const [index, entry] of text
    .split(',')
    .map((part) => part.trim())
    .entries()) {
    const colon = entry.indexOf(':')
    const id = entry.slice(0, colon)
    if (colon < 0 || !idPattern.test(id)) throw refuse(`key ${index + 1} is not id:base64`)
    const secret = fromBase64(entry.slice(colon + 1))
    if (secret?.length !== KEY_BYTES) throw refuse(`the key ${id} is not ${KEY_BYTES} bytes in base64`)
    if (secrets.has(id)) throw refuse(`there are two keys ${id}`)
    secrets.set(id, secret)
  }
  const ids = [...secrets.keys()]
  const derived = new Map<string, Promise<CryptoKey>>()
  return {
    activeId: ids[0]!,
    ids,
    async key(id, purpose) {
      const secret = secrets.get(id)
      if (!secret) {
        onUnknown?.()
        throw new EncryptionError('key_unknown', `The key ring has no key ${JSON.stringify(id.slice(0, 64))}`)
      }
      const name = `${purpose} ${id}`
      const key = derived.get(name) ?? derive(secret, purpose)
      derived.set(name, key)
      return key
    },
  }
}
