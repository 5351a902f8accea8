import type { Prediction } from '../../contracts/prediction.ts'
import { retry } from '../../lib/retry.ts'
import { parseRetryAfter } from '../../lib/retry-after.ts'

/** An error response of the API, with its message. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly status: number
  /** Delay in the `Retry-After` header. */
  readonly retryAfterMs: number | undefined
  constructor(status: number, message: string, retryAfterMs?: number) {
    super(message)
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

/** The API cannot be reached. */
export class Unreachable extends Error {
  override name = 'Unreachable'
}

export interface ApiClient {
  create(input: Record<string, unknown>): Promise<Prediction>
  get(id: string): Promise<Prediction>
  cancel(id: string): Promise<Prediction>
  /** Downloads an output. */
  download(url: string): Promise<Uint8Array>
}

const model = 'idem/arc2face'

const attempts = 6
const defaultRetryMs = 1_000
/** Too many requests, or a service that is unavailable for a moment. */
const transient: ReadonlySet<number> = new Set([429, 503])

/**
 * A client of a running API. It retries transient errors. Throws `ApiError`, or `Unreachable` if there is no response.
 *
 * @example
 * const client = createApiClient('http://127.0.0.1:8787')
 * const { id } = await client.create({ input_image: 'https://example.com/portrait.jpg' })
 */
export const createApiClient = (baseUrl: string, token?: string): ApiClient => {
  const auth = token ? { authorization: `Bearer ${token}` } : undefined
  const requestOnce = async (url: string, init?: RequestInit): Promise<Response> => {
    const response = await fetch(url, init).catch((cause) => {
      throw new Unreachable(`Cannot reach the API at ${new URL(url).origin}. Is it running? Start it with npm start`, {
        cause,
      })
    })
    if (response.ok) return response
    const problem = (await response.json().catch(() => ({}))) as { detail?: string }
    const retryAfterMs = parseRetryAfter(response.headers.get('retry-after') ?? undefined, Date.now())
    throw new ApiError(response.status, problem.detail ?? `The API answered ${response.status}`, retryAfterMs)
  }
  const request = (url: string, init?: RequestInit): Promise<Response> =>
    retry(() => requestOnce(url, init), {
      attempts,
      delayMs: (_, error) => (error as ApiError).retryAfterMs || defaultRetryMs,
      shouldRetry: (error) => error instanceof ApiError && transient.has(error.status),
    })
  const json = async (path: string, init: RequestInit = {}) => {
    const headers = { ...auth, ...(init.headers as Record<string, string>) }
    return (await (await request(`${baseUrl}/v1${path}`, { ...init, headers })).json()) as Prediction
  }

  return {
    create: (input) =>
      json(`/models/${model}/predictions`, {
        method: 'POST',
        // A repeated request does not create a second prediction.
        headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
        body: JSON.stringify({ input }),
      }),
    get: (id) => json(`/predictions/${id}`),
    cancel: (id) => json(`/predictions/${id}/cancel`, { method: 'POST' }),
    download: async (url) => new Uint8Array(await (await request(url)).arrayBuffer()),
  }
}
