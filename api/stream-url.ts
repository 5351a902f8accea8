import { type SigningKey, signText, verifyText } from '../lib/crypto/hmac.ts'

// Clients open a prediction's stream without a token, so its URL is signed.

const daySeconds = 24 * 3600

const grant = (id: string, expires: string) => `idem-stream-url/1\n${id}\n${expires}`

export interface StreamUrlOptions {
  publicUrl: string
  /** The first one signs. */
  signingKeys: readonly SigningKey[]
  nowMs?: number
}

/** The URL is valid for one to two days. The expiry is rounded, so that repeated reads return the same URL. */
export const signStreamUrl = async (
  id: string,
  { publicUrl, signingKeys, nowMs = Date.now() }: StreamUrlOptions,
): Promise<string> => {
  const expires = `${(Math.floor(nowMs / 1000 / daySeconds) + 2) * daySeconds}`
  const signature = await signText(signingKeys[0]!, grant(id, expires))
  return `${publicUrl}/v1/predictions/${id}/stream?expires=${expires}&signature=${signature}`
}

/** Whether these parameters are from a URL of `signStreamUrl` for this prediction that has not expired. */
export const mayStream = async (
  id: string,
  { expires = '', signature = '' }: { expires?: string; signature?: string },
  { signingKeys, nowMs = Date.now() }: { signingKeys: readonly SigningKey[]; nowMs?: number },
): Promise<boolean> =>
  /^\d{1,12}$/.test(expires) &&
  (await verifyText(signingKeys, grant(id, expires), signature)) &&
  nowMs < Number(expires) * 1000
