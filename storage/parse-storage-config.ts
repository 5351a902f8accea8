import type { KeyRing } from '../lib/crypto/key-ring.ts'
import { parseDuration } from '../lib/duration.ts'

// What every runtime makes of its configuration; web standards only.

const defaultRetention = '24h'
const minRetentionMs = 1_000

/** How long photos, vectors and images are kept. */
export const parseRetention = (text = ''): number => {
  const ms = parseDuration(text || defaultRetention)
  if (ms !== undefined && ms >= minRetentionMs) return ms
  throw new Error(`IDEM_RETENTION is ${JSON.stringify(text)}; use a duration such as 30m, 24h or 7d`)
}

/** Several separated by commas, newest first. */
export const parseSecrets = (text: string): string[] => text.split(',').map((secret) => secret.trim())

/** The keys for URLs of files and streams, one per key of the ring: the first one signs, all of them verify. */
export const urlSigningKeys = (ring: KeyRing): Promise<CryptoKey[]> =>
  Promise.all(ring.ids.map((id) => ring.key(id, 'url')))
