import type { Readable } from 'node:stream'
import { GuardedFetchError } from './guarded-fetch-error.ts'

export interface LeastRate {
  /** Of each window. */
  minBytes: number
  windowMs: number
}

/** The pieces of a body, which ends with an error as soon as a whole window has brought less than its part. */
export async function* requireRate(body: Readable, { minBytes, windowMs }: LeastRate): AsyncGenerator<Uint8Array> {
  let bytes = 0
  let since = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    // A process that was busy for longer has not read what may have arrived.
    const isOnTime = now - since < 1.5 * windowMs
    if (isOnTime && bytes < minBytes) body.destroy(GuardedFetchError.unreachable('slow'))
    bytes = 0
    since = now
  }, windowMs)
  try {
    for await (const chunk of body) {
      bytes += chunk.length
      yield chunk
    }
  } finally {
    clearInterval(timer)
  }
}
