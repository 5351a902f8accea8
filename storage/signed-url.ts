import { type SigningKey, signText, verifyText } from '../lib/crypto/hmac.ts'
import { checkExpiry, checkKey, isArtifactKey } from './artifact-checks.ts'

export type { SigningKey }

type Grant = { method: 'GET'; contentType?: undefined } | { method: 'PUT'; contentType: string }

export type SignOptions = Grant & {
  publicUrl: string
  signingKey: SigningKey
  key: string
  expiresInSeconds: number
  /** Whose URL it is: signed along, and told to the one who verifies it. */
  holder?: string | undefined
  nowMs?: number
}

export interface VerifyOptions {
  /** The URL as it was asked for; its host does not matter, so that a proxy may change it. */
  url: string | URL
  method: string
  /** The request's `Content-Type`: a PUT is granted for one type only. */
  contentType?: string | null
  /** Any of them may have signed it. */
  signingKeys: readonly SigningKey[]
  nowMs?: number
}

export type VerifiedUrl =
  | { ok: true; key: string; holder: string; expiresAt: Date }
  | { ok: false; reason: 'invalid' | 'expired' }

const FILES_PATH = '/v1/files/'

const holderPattern = /^[\w~-]{0,64}$/

interface GrantFields {
  method: string
  key: string
  expires: number
  holder: string
  contentType: string
}

/** Only a content type may hold a line break, and it comes last: no two grants share a text. */
const grantText = ({ method, key, expires, holder, contentType }: GrantFields) =>
  `idem-file-url/2\n${method}\n${key}\n${expires}\n${holder}\n${contentType}`

/**
 * `<publicUrl>/v1/files/<key>?expires=<unix seconds>&holder=<whose it is>&signature=<base64url HMAC-SHA-256>`: lets whoever has it
 * do one thing with one artifact until it expires.
 */
export const signFileUrl = async (options: SignOptions): Promise<string> => {
  const { publicUrl, signingKey, key, method, contentType = '', holder = '', expiresInSeconds } = options
  const { nowMs = Date.now() } = options
  checkKey(key)
  if (!holderPattern.test(holder)) throw new Error(`A signed URL cannot have the holder ${JSON.stringify(holder)}`)
  checkExpiry(expiresInSeconds)
  const expires = Math.floor(nowMs / 1000) + expiresInSeconds
  const signature = await signText(signingKey, grantText({ method, key, expires, holder, contentType }))
  const query = new URLSearchParams({ expires: `${expires}`, ...(holder && { holder }), signature })
  return `${publicUrl.replace(/\/+$/, '')}${FILES_PATH}${key}?${query}`
}

/** What a URL made by `signFileUrl` grants now. */
export const verifySignedUrl = async (options: VerifyOptions): Promise<VerifiedUrl> => {
  const { pathname, searchParams } = new URL(options.url, 'http://localhost')
  const invalid = { ok: false, reason: 'invalid' } as const
  const key = pathname.slice(pathname.indexOf(FILES_PATH) + FILES_PATH.length)
  const expires = searchParams.get('expires') ?? ''
  const holder = searchParams.get('holder') ?? ''
  const signature = searchParams.get('signature') ?? ''
  const method = options.method === 'HEAD' ? 'GET' : options.method
  if (!pathname.includes(FILES_PATH) || !isArtifactKey(key)) return invalid
  if (!/^\d{1,12}$/.test(expires) || !holderPattern.test(holder)) return invalid

  const contentType = method === 'PUT' ? (options.contentType ?? '') : ''
  const text = grantText({ method, key, expires: Number(expires), holder, contentType })
  if (!(await verifyText(options.signingKeys, text, signature))) return invalid

  if ((options.nowMs ?? Date.now()) >= Number(expires) * 1000) return { ok: false, reason: 'expired' }
  return { ok: true, key, holder, expiresAt: new Date(Number(expires) * 1000) }
}
