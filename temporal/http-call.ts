import { fullJitter, retry } from '../lib/retry.ts'
import { OrchestratorUnavailable } from './orchestrator.ts'
import { rpcStatus, saysUnavailable } from './rpc-status.ts'

/** Of an answer that is not Temporal's: a proxy's. */
const unavailableStatuses: ReadonlySet<number> = new Set([408, 429, 499, 502, 503, 504])

/** How long a server that cannot be reached is tried: answers say so within two seconds. */
const giveUpAfterMs = 1_500
/** A server that takes longer to answer counts as away: its HTTP is slower than its gRPC where much is asked at once. */
const callTimeoutMs = 5_000
const retryMs = { first: 100, most: 250 }
/** Payloads as they are: the server would show `json/plain` ones as bare JSON and guess them back. */
const contentType = 'application/json+no-payload-shorthand'

export interface TemporalHttpOptions {
  /** Of the HTTP API, such as http://127.0.0.1:7243. */
  url: string
  namespace: string
  apiKey?: string
  fetch?: (url: string, init: RequestInit) => Promise<Response>
}

export interface TemporalRequest {
  query?: Readonly<Record<string, string | number | boolean | null | undefined>>
  /** Makes it a POST. */
  body?: object
  signal?: AbortSignal
  timeoutMs?: number
}

/** Temporal's response when a request failed. */
class TemporalHttpError extends Error {
  override name = 'TemporalHttpError'
  readonly code: number | undefined
  readonly status: number
  constructor(message: string, { code, status }: { code?: number; status: number }) {
    super(message)
    this.code = code
    this.status = status
  }
}

const codeOf = (error: unknown) => (error instanceof TemporalHttpError ? error.code : undefined)
export const isNotFound = (error: unknown): boolean => codeOf(error) === rpcStatus.notFound
export const isAlreadyStarted = (error: unknown): boolean => codeOf(error) === rpcStatus.alreadyExists

/** Another attempt may help: there was no answer, or one that says so. */
const isTransient = (error: unknown): boolean =>
  !(error instanceof TemporalHttpError) || saysUnavailable(error.code) || unavailableStatuses.has(error.status)

const readAnswer = async <T>(response: Response): Promise<T> => {
  const text = await response.text()
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    // A proxy's page.
  }
  if (response.ok && json !== undefined) return json as T
  const { code, message } = (json ?? {}) as { code?: number; message?: string }
  throw new TemporalHttpError(message ?? `Temporal's HTTP API answered ${response.status}`, {
    ...(typeof code === 'number' && { code }),
    status: response.ok ? 502 : response.status,
  })
}

/**
 * Requests under `/api/v1/namespaces/NAMESPACE`, tried again until their time is over. Throws
 * `OrchestratorUnavailable` where Temporal is away, and the signal's reason where that aborts.
 */
export const createTemporalHttp = ({ url, namespace, apiKey, fetch: send = fetch }: TemporalHttpOptions) => {
  const base = `${url.replace(/\/+$/, '')}/api/v1/namespaces/${encodeURIComponent(namespace)}`
  const headers = {
    accept: contentType,
    'content-type': contentType,
    ...(apiKey && { authorization: `Bearer ${apiKey}` }),
  }

  return async <T>(
    path: readonly string[],
    { query = {}, body, signal, timeoutMs = callTimeoutMs }: TemporalRequest = {},
  ) => {
    const target = new URL([base, ...path.map(encodeURIComponent)].join('/'))
    for (const [name, value] of Object.entries(query)) if (value) target.searchParams.set(name, `${value}`)
    const late = AbortSignal.timeout(timeoutMs)
    const init: RequestInit = {
      method: body ? 'POST' : 'GET',
      headers,
      signal: signal ? AbortSignal.any([signal, late]) : late,
      ...(body && { body: JSON.stringify(body) }),
    }
    try {
      return await retry(async () => readAnswer<T>(await send(target.href, init)), {
        delayMs: fullJitter(retryMs.first, retryMs.most),
        giveUpAfterMs,
        shouldRetry: (error) => isTransient(error) && !late.aborted,
        ...(signal && { signal }),
      })
    } catch (error) {
      signal?.throwIfAborted()
      if (!isTransient(error)) throw error
      throw new OrchestratorUnavailable('Temporal did not answer', { cause: error })
    }
  }
}
