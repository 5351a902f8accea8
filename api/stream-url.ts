import { type SigningKey, signText, verifyText } from '../lib/crypto/hmac.ts'

// Clients open a prediction's stream without their token, so the URL itself says that they may.

const daySeconds = 24 * 3600

const grant = (id: string, expires: string) => `idem-stream-url/1\n${id}\n${expires}`

export interface StreamUrlOptions {
  publicUrl: string
  /** The first one signs. */
  signingKeys: readonly SigningKey[]
  nowMs?: number
}

/** Lives one to two days: the end is rounded, so that a prediction looks the same when it is read again. */
export const signStreamUrl = async (
  id: string,
  { publicUrl, signingKeys, nowMs = Date.now() }: StreamUrlOptions,
): Promise<string> => {
  const expires = `${(Math.floor(nowMs / 1000 / daySeconds) + 2) * daySeconds}`
  const signature = await signText(signingKeys[0]!, grant(id, expires))
  return `${publicUrl}/v1/predictions/${id}/stream?expires=${expires}&signature=${signature}`
}

/** Whether a URL that `signStreamUrl` made lets its bearer read this prediction's stream now. */
export const mayStream = async (
  id: string,
  { expires = '', signature = '' }: { expires?: string; signature?: string },
  { signingKeys, nowMs = Date.now() }: { signingKeys: readonly SigningKey[]; nowMs?: number },
): Promise<boolean> =>
  /^\d{1,12}$/.test(expires) &&
  (await verifyText(signingKeys, grant(id, expires), signature)) &&
  nowMs < Number(expires) * 1000
