import { connection, untilBack, untilWell } from '../state/connection.js'
import { askToken, token } from '../state/token.js'
import { randomKey } from './random-key.js'

/** @import { ErasureReceipt, Prediction, RequestOptions, UploadedFile } from '../types.ts' */

/** What the API has against a request, in sentences. */
export class ApiProblem extends Error {
  /**
   * @param {number} status
   * @param {{ detail?: string, title?: string, errors?: { loc: (string | number)[], msg: string }[] }} problem
   */
  constructor(status, { detail, title, errors = [] } = {}) {
    super(detail ?? title ?? `The API responded with status ${status}`)
    this.status = status
    /**
     * By field: `{ num_images: 'At most 16' }`.
     *
     * @type {Record<string, string>}
     */
    this.fields = Object.fromEntries(errors.map(({ loc, msg }) => [String(loc.at(-1)), msg]))
  }
}

const awayStatuses = new Set([502, 503, 504])
const busyStatus = 429
const defaultRetrySeconds = 2

/**
 * @param {string} path
 * @param {RequestOptions} options
 */
const send = async (path, { method = 'GET', json, body, headers = {} }) => {
  const sent = token.value
  const response = await fetch(path, {
    method,
    cache: 'no-store',
    headers: {
      ...(sent && { authorization: `Bearer ${sent}` }),
      ...(json && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: json ? JSON.stringify(json) : (body ?? null),
  })
  const text = await response.text()
  return {
    response,
    sent,
    content: text && /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : {},
  }
}

/**
 * The JSON that the API answers. Waits out a lost connection, a restart, a busy API, and the person who looks for a
 * token; throws an `ApiProblem` for all else. Every request may be sent twice: one that makes a prediction has a key.
 *
 * @type {<T = any>(path: string, options?: RequestOptions) => Promise<T>}
 */
export const request = async (path, options = {}) => {
  for (;;) {
    /** @type {Awaited<ReturnType<typeof send>>} */
    let answer
    try {
      answer = await send(path, options)
    } catch {
      await untilBack()
      continue
    }
    const { response, content, sent } = answer
    if (awayStatuses.has(response.status) || response.status === busyStatus) {
      const seconds = Number(response.headers.get('retry-after')) || defaultRetrySeconds
      await untilWell(content.detail ?? 'The API is not ready', seconds)
      continue
    }
    connection.value = 'up'
    if (response.ok) return content
    const problem = new ApiProblem(response.status, content)
    const wantsToken = response.status === 401 || (response.status === 403 && /token/.test(problem.message))
    if (!wantsToken) throw problem
    // Another request may have got a token in the meantime.
    if (sent === token.value) await askToken(sent ? problem.message : '')
  }
}

/**
 * A URL of the API's answers as this page reaches it, also by another name or through a tunnel.
 *
 * @type {(url: string) => string}
 */
export const local = (url) => {
  const { pathname, search } = new URL(url)
  const at = pathname.indexOf('/v1/')
  return at < 0 ? url : pathname.slice(at + 1) + search
}

/** @type {(prediction: Pick<Prediction, 'status'>) => boolean} */
export const isTerminal = ({ status }) => status !== 'starting' && status !== 'processing'

/**
 * `more` goes beside the input: `retention`.
 *
 * @type {(model: string, input: object, more?: { headers?: Record<string, string>, retention?: string }) => Promise<Prediction>}
 */
export const create = (model, input, { headers = {}, ...more } = {}) =>
  request(`v1/models/${model}/predictions`, {
    method: 'POST',
    json: { input, ...more },
    headers: { 'idempotency-key': randomKey(), ...headers },
  })

/** @type {(id: string) => Promise<Prediction>} */
export const getPrediction = (id) => request(`v1/predictions/${id}`)
/** @type {(id: string) => Promise<Prediction>} */
export const cancel = (id) => request(`v1/predictions/${id}/cancel`, { method: 'POST' })
/** @type {(id: string) => Promise<object>} */
export const getImageRecord = (id) => request(`v1/predictions/${id}/manifest`)

/**
 * The receipt of the erasure, which waits for Temporal: half a minute where the prediction has just ended.
 *
 * @type {(id: string) => Promise<ErasureReceipt>}
 */
export const erase = async (id) => {
  for (;;) {
    const answer = await request(`v1/predictions/${id}`, { method: 'DELETE' })
    if (answer.status !== 'erasing') return answer
  }
}

/** @type {(blob: Blob, name: string) => Promise<UploadedFile>} */
export const upload = (blob, name) => {
  const form = new FormData()
  form.append('content', blob, name)
  return request('v1/files', { method: 'POST', body: form })
}
