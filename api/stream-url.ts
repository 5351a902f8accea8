import type { UrlHolder } from '../contracts/url-holder.ts'
import { type SigningKey, signText, verifyText } from '../lib/crypto/hmac.ts'

// Clients open a prediction's stream without their token, so the URL itself grants access.

const daySeconds = 24 * 3600

const grant = (id: string, expires: string, holder: UrlHolder) => `idem-stream-url/2\n${id}\n${expires}\n${holder}`

export interface StreamUrlOptions {
  publicUrl: string
  /** The first one signs. */
  signingKeys: readonly SigningKey[]
  /** Whose URL it is. */
  holder: UrlHolder
  nowMs?: number
}

/** Signs a URL that is valid for one to two days. Expiry is rounded, so that a prediction looks the same when read again. */
export const signStreamUrl = async (
  id: string,
  { publicUrl, signingKeys, holder, nowMs = Date.now() }: StreamUrlOptions,
): Promise<string> => {
  const expires = `${(Math.floor(nowMs / 1000 / daySeconds) + 2) * daySeconds}`
  const signature = await signText(signingKeys[0]!, grant(id, expires, holder))
  const query = new URLSearchParams({ expires, holder, signature })
  return `${publicUrl}/v1/predictions/${id}/stream?${query}`
}

export type VerifiedStreamUrl = { ok: true; holder: UrlHolder } | { ok: false; reason: 'invalid' | 'expired' }

/** What the query of a URL made by `signStreamUrl` grants now. */
export const verifyStreamUrl = async (
  id: string,
  { expires = '', holder = '', signature = '' }: Readonly<Record<string, string>>,
  { signingKeys, nowMs = Date.now() }: { signingKeys: readonly SigningKey[]; nowMs?: number },
): Promise<VerifiedStreamUrl> => {
  if (!/^\d{1,12}$/.test(expires)) return { ok: false, reason: 'invalid' }
  if (!(await verifyText(signingKeys, grant(id, expires, holder), signature))) return { ok: false, reason: 'invalid' }
  return nowMs < Number(expires) * 1000 ? { ok: true, holder } : { ok: false, reason: 'expired' }
}
