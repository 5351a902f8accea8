import { AwsClient } from 'aws4fetch'
import { fullJitter, retry } from '../../../lib/retry.ts'
import { sha256Hex } from '../../../lib/sha256.ts'
import { ArtifactStoreError } from '../../store.ts'
import type { S3Credentials, S3Location } from './s3-url.ts'
import { s3ErrorCode } from './s3-xml.ts'

export interface S3ClientOptions {
  location: S3Location
  credentials: S3Credentials
  fetch?: typeof fetch
  /** How often a request is made at most, the first time included. */
  attempts?: number
  /** Longest wait for an answer to start, and between two chunks of its body. */
  timeoutMs?: number
  /** The n-th wait before another attempt is random in [0, retryMs * 2^n], at most 5 s. */
  retryMs?: number
}

export interface S3Request {
  /** For messages: "store a/b". */
  attempt: string
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** Of the object; empty for the bucket. */
  key?: string
  query?: Record<string, string>
  headers?: Record<string, string>
  body?: Uint8Array<ArrayBuffer>
  /** Statuses besides 2xx that the caller understands. */
  expect?: readonly number[]
}

export type S3Client = ReturnType<typeof createS3Client>

const MAX_WAIT_MS = 5_000
/** 409 is two conditional writes at once: S3 asks to try again. */
const isTransient = (status: number) => status >= 500 || status === 429 || status === 408 || status === 409

/** Signed requests to one bucket, tried again with jitter after 5xx, 429, 409 and lost connections. */
export const createS3Client = ({ location, credentials, ...options }: S3ClientOptions) => {
  const { attempts = 5, timeoutMs = 60_000, retryMs = 100, fetch: fetchFrom = fetch } = options
  const aws = new AwsClient({ ...credentials, service: 's3', region: location.region, retries: 0 })
  const baseOf = (endpoint: string) => {
    const { protocol, host } = new URL(endpoint)
    const { style, bucket } = location
    return style === 'path' ? `${protocol}//${host}/${bucket}/` : `${protocol}//${bucket}.${host}/`
  }
  const base = baseOf(location.endpoint)
  const publicBase = baseOf(location.publicEndpoint ?? location.endpoint)

  const urlOf = (key = '', query: Record<string, string> = {}, from = base): URL => {
    const url = new URL(from + (key && location.prefix + key))
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    return url
  }

  const failure = (attempt: string, reason: string, retryable: boolean, cause?: unknown) =>
    new ArtifactStoreError(`Cannot ${attempt}: ${reason}`, { retryable, cause })

  const send = async ({ method, key, query, headers, body }: S3Request): Promise<Response> => {
    // The hash lets the server see that a body arrived whole and unchanged.
    const contentHash = await sha256Hex(body ?? new Uint8Array())
    const request = await aws.sign(urlOf(key, query), {
      method,
      body,
      headers: { 'x-amz-content-sha256': contentHash, ...headers },
    })
    // Not signed: fetch adds another where a range is asked for. A compressed answer would have another length.
    request.headers.set('accept-encoding', 'identity')
    const timeout = new AbortController()
    const timer = setTimeout(() => timeout.abort(new Error(`No response for ${timeoutMs} ms`)), timeoutMs)
    try {
      return await fetchFrom(request, { redirect: 'manual', signal: timeout.signal })
    } finally {
      clearTimeout(timer)
    }
  }

  const requestOnce = async (asked: S3Request): Promise<Response> => {
    const answer = await send(asked).catch((cause: unknown) => {
      throw failure(asked.attempt, 'the server cannot be reached', true, cause)
    })
    if (answer.ok || asked.expect?.includes(answer.status)) return answer
    // The body may repeat what was sent: only its code is shown.
    const code = s3ErrorCode(await answer.text().catch(() => ''))
    const reason = `the server answered ${answer.status}${code ? ` ${code}` : ''}`
    throw failure(asked.attempt, reason, isTransient(answer.status))
  }

  const request = (asked: S3Request): Promise<Response> =>
    retry(() => requestOnce(asked), {
      attempts,
      // A server that hangs is not waited for once per attempt.
      giveUpAfterMs: timeoutMs,
      delayMs: fullJitter(2 * retryMs, MAX_WAIT_MS),
      shouldRetry: (error) => error instanceof ArtifactStoreError && error.retryable,
    })

  /** A URL that makes one request without credentials; what is in `headers` must be sent with it. */
  const presign = async (method: 'GET' | 'PUT', key: string, expiresInSeconds: number, headers = {}) => {
    const url = urlOf(key, { 'X-Amz-Expires': String(expiresInSeconds) }, publicBase)
    return (await aws.sign(url, { method, headers, aws: { signQuery: true, allHeaders: true } })).url
  }

  return { request, presign, failure, timeoutMs, prefix: location.prefix }
}
