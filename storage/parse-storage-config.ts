import { parseDuration } from '../lib/duration.ts'

// What every runtime makes of its configuration; web standards only.

const defaultRetention = '24h'
const minRetentionMs = 1_000

/** How long photos, vectors and images are kept. */
export const parseRetention = (text = ''): number => {
  const ms = parseDuration(text || defaultRetention)
  if (ms !== undefined && ms >= minRetentionMs) return ms
  throw new Error(`IDEM_RETENTION is ${JSON.stringify(text)}; it takes a duration such as 30m, 24h or 7d`)
}

/** Several separated by commas, newest first. */
export const parseSecrets = (text: string): string[] => text.split(',').map((secret) => secret.trim())

/** A 32-byte key for signing file URLs, derived (HKDF-SHA-256) from the signing secret. */
export const urlSigningKey = async (webhookSecret: string): Promise<Uint8Array> => {
  const encoder = new TextEncoder()
  const secret = await crypto.subtle.importKey('raw', encoder.encode(webhookSecret), 'HKDF', false, ['deriveBits'])
  const info = encoder.encode('idem file urls')
  const bits = await crypto.subtle.deriveBits(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info },
    secret,
    256,
  )
  return new Uint8Array(bits)
}
