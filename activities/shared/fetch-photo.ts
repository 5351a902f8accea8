import { type FailureType, failures } from '../../contracts/failures.ts'
import type { TypedError } from './failure.ts'
import type { GuardedFetch } from './guarded-fetch.ts'
import { GuardedFetchError } from './guarded-fetch-error.ts'

const maxRedirects = 5

// A photo's server must not delay a job for ever.
const maxRetryAfterMs = 10 * 60_000

// Besides 5xx: Request Timeout, Too Early, Too Many Requests.
const transient: ReadonlySet<number> = new Set([408, 425, 429])

/** `photo_unreachable`, `address_refused` or `photo_too_large`; details are `{reason}`, `{status}` or `{limitBytes}`. */
export class PhotoFetchError extends Error implements TypedError {
  override name = 'PhotoFetchError'
  readonly type: FailureType
  readonly retryable: boolean
  readonly retryAfterMs?: number
  readonly details: Record<string, string | number>

  constructor(
    type: FailureType,
    message: string,
    options: { retryable: boolean; retryAfterMs?: number; details: Record<string, string | number> },
  ) {
    super(message)
    this.type = type
    this.retryable = options.retryable
    this.retryAfterMs = options.retryAfterMs
    this.details = options.details
  }
}

const kinds = {
  address_refused: failures.addressRefused,
  unreachable: failures.photoUnreachable,
  too_large: failures.photoTooLarge,
} as const

/**
 * Bytes of the photo at a URL, whatever media type the server gives it. Throws `PhotoFetchError`: retryable, after what
 * `Retry-After` asks for, if the server may recover; final for a 4xx, a refused address, or more than `maxBytes`.
 */
export const fetchPhoto = async (
  fetch: GuardedFetch,
  url: string,
  options: { maxBytes: number; signal?: AbortSignal },
): Promise<Uint8Array> => {
  const { status, retryAfterMs, body } = await fetch(url, { ...options, maxRedirects }).catch((error) => {
    if (!(error instanceof GuardedFetchError)) throw error
    const { kind, message, retryable, details } = error
    throw new PhotoFetchError(kinds[kind], `The photo could not be fetched: ${message}`, { retryable, details })
  })
  if (status >= 200 && status < 300) return body
  const retryable = status >= 500 || transient.has(status)
  throw new PhotoFetchError(
    failures.photoUnreachable,
    `The photo could not be fetched: its server responded with status ${status}`,
    {
      retryable,
      retryAfterMs: retryable && retryAfterMs !== undefined ? Math.min(retryAfterMs, maxRetryAfterMs) : undefined,
      details: { status },
    },
  )
}
