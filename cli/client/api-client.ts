import type { Prediction } from '../../contracts/prediction.ts'
import { retry } from '../../lib/retry.ts'
import { parseRetryAfter } from '../../lib/retry-after.ts'

/** The API did not do what was asked; the message is its own. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly status: number
  /** How long the API asks to wait. */
  readonly retryAfterMs: number | undefined
  constructor(status: number, message: string, retryAfterMs?: number) {
    super(message)
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

/** Nothing answers where the API should be. */
export class Unreachable extends Error {
  override name = 'Unreachable'
}

export interface ApiClient {
  create(input: Record<string, unknown>): Promise<Prediction>
  get(id: string): Promise<Prediction>
  cancel(id: string): Promise<Prediction>
  /** Bytes of an output. */
  download(url: string): Promise<Uint8Array>
}

const model = 'idem/arc2face'

const attempts = 6
const defaultRetryMs = 1_000
/** Too many requests, and a service that is away for a moment. */
const transient: ReadonlySet<number> = new Set([429, 503])

/** A client of a running API. Tries again where it says so. Throws `ApiError`, or a plain error where nothing answers. */
export const createApiClient = (baseUrl: string, token?: string): ApiClient => {
  const auth = token ? { authorization: `Bearer ${token}` } : undefined
  const requestOnce = async (url: string, init?: RequestInit): Promise<Response> => {
    const response = await fetch(url, init).catch((cause) => {
      throw new Unreachable(`No answer from ${new URL(url).origin}; is Idem running there? (npm start)`, { cause })
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
        // A repeated request makes no second prediction.
        headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
        body: JSON.stringify({ input }),
      }),
    get: (id) => json(`/predictions/${id}`),
    cancel: (id) => json(`/predictions/${id}/cancel`, { method: 'POST' }),
    download: async (url) => new Uint8Array(await (await request(url)).arrayBuffer()),
  }
}
