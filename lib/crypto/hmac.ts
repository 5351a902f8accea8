import { fromBase64, toBase64Url } from '../base64.ts'

/** An HMAC-SHA-256 key, or its bytes (at least 32). */
export type SigningKey = CryptoKey | Uint8Array

const MIN_KEY_BYTES = 32

const importKey = async (key: SigningKey): Promise<CryptoKey> => {
  if (key instanceof CryptoKey) return key
  if (key.length < MIN_KEY_BYTES) {
    throw new Error(`The URL signing key has ${key.length} bytes; at least ${MIN_KEY_BYTES} are required`)
  }
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  return crypto.subtle.importKey('raw', new Uint8Array(key), algorithm, false, ['sign', 'verify'])
}

/** HMAC-SHA-256 of a text, as 43 characters of base64url. */
export const signText = async (key: SigningKey, text: string): Promise<string> =>
  toBase64Url(new Uint8Array(await crypto.subtle.sign('HMAC', await importKey(key), new TextEncoder().encode(text))))

/** Whether `signature` is the text's under one of the keys. `subtle.verify` compares in constant time. */
export const verifyText = async (keys: readonly SigningKey[], text: string, signature: string): Promise<boolean> => {
  if (!/^[\w-]{43}$/.test(signature)) return false
  const [bytes, signed] = [fromBase64(signature)!, new TextEncoder().encode(text)]
  for (const key of keys) if (await crypto.subtle.verify('HMAC', await importKey(key), bytes, signed)) return true
  return false
}
