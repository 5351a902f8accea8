import { ArtifactStoreError } from '../contracts/artifacts.ts'
import { checkExpiry, checkKey, isArtifactKey } from './keys.ts'

/** An HMAC-SHA-256 key, or its bytes (at least 32). */
export type SigningKey = CryptoKey | Uint8Array

type Grant = { method: 'GET'; contentType?: undefined } | { method: 'PUT'; contentType: string }

export type SignOptions = Grant & {
  publicUrl: string
  signingKey: SigningKey
  key: string
  expiresInSeconds: number
  nowMs?: number
}

export interface VerifyOptions {
  /** The URL as it was asked for; its host does not matter, so that a proxy may change it. */
  url: string | URL
  method: string
  /** The request's `Content-Type`: a PUT is granted for one type alone. */
  contentType?: string | null
  signingKey: SigningKey
  nowMs?: number
}

export type VerifiedUrl = { ok: true; key: string; expiresAt: Date } | { ok: false; reason: 'invalid' | 'expired' }

const FILES_PATH = '/v1/files/'
const MIN_KEY_BYTES = 32

const importKey = async (key: SigningKey): Promise<CryptoKey> => {
  if (key instanceof CryptoKey) return key
  if (key.length < MIN_KEY_BYTES) {
    throw new ArtifactStoreError(`The URL signing key has ${key.length} bytes; it needs ${MIN_KEY_BYTES}`, {
      retryable: false,
    })
  }
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  return crypto.subtle.importKey('raw', new Uint8Array(key), algorithm, false, ['sign', 'verify'])
}

/** Keys and methods hold no line break, and a content type comes last: no two grants share a text. */
const grantText = (method: string, key: string, expires: number, contentType = '') =>
  new TextEncoder().encode(`idem-file-url/1\n${method}\n${key}\n${expires}\n${contentType}`)

const toBase64Url = (bytes: ArrayBuffer) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')

const fromBase64Url = (text: string) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))

/**
 * `<publicUrl>/v1/files/<key>?expires=<unix seconds>&signature=<base64url HMAC-SHA-256>`: lets whoever has it do one
 * thing with one artifact until it expires.
 */
export const signFileUrl = async (options: SignOptions): Promise<string> => {
  const { publicUrl, signingKey, key, method, contentType, expiresInSeconds, nowMs = Date.now() } = options
  checkKey(key)
  checkExpiry(expiresInSeconds)
  const expires = Math.floor(nowMs / 1000) + expiresInSeconds
  const text = grantText(method, key, expires, contentType)
  const signature = toBase64Url(await crypto.subtle.sign('HMAC', await importKey(signingKey), text))
  return `${publicUrl.replace(/\/+$/, '')}${FILES_PATH}${key}?expires=${expires}&signature=${signature}`
}

/** What a URL made by `signFileUrl` grants now. `subtle.verify` compares in constant time. */
export const verifySignedUrl = async (options: VerifyOptions): Promise<VerifiedUrl> => {
  const { pathname, searchParams } = new URL(options.url, 'http://localhost')
  const invalid = { ok: false, reason: 'invalid' } as const
  const key = pathname.slice(pathname.indexOf(FILES_PATH) + FILES_PATH.length)
  const expires = searchParams.get('expires') ?? ''
  const signature = searchParams.get('signature') ?? ''
  const method = options.method === 'HEAD' ? 'GET' : options.method
  if (!pathname.includes(FILES_PATH) || !isArtifactKey(key)) return invalid
  if (!/^\d{1,12}$/.test(expires) || !/^[\w-]{43}$/.test(signature)) return invalid

  const contentType = method === 'PUT' ? (options.contentType ?? '') : ''
  const text = grantText(method, key, Number(expires), contentType)
  const hmac = await importKey(options.signingKey)
  if (!(await crypto.subtle.verify('HMAC', hmac, fromBase64Url(signature), text))) return invalid

  if ((options.nowMs ?? Date.now()) >= Number(expires) * 1000) return { ok: false, reason: 'expired' }
  return { ok: true, key, expiresAt: new Date(Number(expires) * 1000) }
}
