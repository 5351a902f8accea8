import type { LookupFunction } from 'node:net'
import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createUnzip } from 'node:zlib'
import { Client, type Dispatcher } from 'undici'
import { parseRetryAfter } from '../../lib/retry-after.ts'
import { createGuardedConnector } from './address-guard.ts'
import { GuardedFetchError } from './guarded-fetch-error.ts'
import { type LeastRate, requireRate } from './require-rate.ts'
import { unreachableReason } from './unreachable-reason.ts'

export interface GuardedFetchOptions {
  /** See `isAddressAllowed`. */
  allowPrivateNetwork: boolean
  /** To reach a connection, TLS included; 5 s. */
  connectTimeoutMs?: number
  /** From the request's last byte to the answer's headers, on each hop; 10 s. */
  headersTimeoutMs?: number
  /** Between two pieces of the body; 10 s. */
  idleTimeoutMs?: number
  /** The least that must come of a body in every `rateWindowMs`; 16 KiB a second. */
  minBytesPerSecond?: number
  /** How long a body may lag behind; 5 s. */
  rateWindowMs?: number
  /** For everything, redirects included; 30 s. */
  totalTimeoutMs?: number
  /** URL that is sent in the user agent, for the people who run the other server. */
  contact?: string | undefined
  /** Resolves names; the system's resolver by default. */
  lookup?: LookupFunction
  /** Certificate authorities to trust in place of Node's, as PEM. */
  ca?: string
}

export interface GuardedRequest {
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  body?: string
  /** How many redirects to follow; with 0 a redirect is an answer like any other. */
  maxRedirects: number
  /** The most bytes to read, as sent and as decoded; with 0 the body is left unread. */
  maxBytes: number
  signal?: AbortSignal
}

export interface GuardedResponse {
  /** 100–599. */
  status: number
  /** What `Retry-After` asks for, from now, at least 0. */
  retryAfterMs?: number
  /** Empty unless the status is 2xx. */
  body: Uint8Array
}

/** `url` must be http or https and carry no credentials. Throws `GuardedFetchError`, or what `signal` was aborted with. */
export type GuardedFetch = (url: string, request: GuardedRequest) => Promise<GuardedResponse>

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** What the other side sees of us: the name, and whom to ask about the requests. */
const userAgentOf = (contact: string | undefined): string => (contact ? `idem (+${contact})` : 'idem')

/**
 * A fetch for URLs that strangers give. It connects only to public addresses, on every hop; it follows a bounded number
 * of redirects within bounded time and reads a bounded number of bytes; it sends no cookies, knows no proxy, and its
 * errors repeat nothing of what the server answered. Each hop has its own connection.
 */
export const createGuardedFetch = ({
  allowPrivateNetwork,
  connectTimeoutMs = 5_000,
  headersTimeoutMs = 10_000,
  idleTimeoutMs = 10_000,
  minBytesPerSecond = 16 * 1024,
  rateWindowMs = 5_000,
  totalTimeoutMs = 30_000,
  contact,
  lookup,
  ca,
}: GuardedFetchOptions): GuardedFetch => {
  const rate = { minBytes: (minBytesPerSecond * rateWindowMs) / 1000, windowMs: rateWindowMs }
  const connect = createGuardedConnector({ allowPrivateNetwork }, { lookup, timeoutMs: connectTimeoutMs, ca })

  const hop = async (url: URL, request: GuardedRequest, signal: AbortSignal): Promise<GuardedResponse | URL> => {
    const { method = 'GET', headers, body, maxRedirects, maxBytes } = request
    const client = new Client(url.origin, { connect, headersTimeout: headersTimeoutMs, bodyTimeout: idleTimeoutMs })
    try {
      const response = await client.request({
        path: url.pathname + url.search,
        method,
        headers: { 'user-agent': userAgentOf(contact), 'accept-encoding': 'identity', ...headers },
        body,
        signal,
      })
      const { statusCode: status } = response
      if (maxRedirects > 0 && redirects.has(status)) return nextHop(response, url)
      const retryAfterMs = parseRetryAfter(single(response.headers['retry-after']), Date.now())
      const read = status >= 200 && status < 300 && maxBytes > 0
      return { status, retryAfterMs, body: read ? await readBody(response, maxBytes, rate) : new Uint8Array() }
    } finally {
      await client.destroy()
    }
  }

  return async (url, request) => {
    const deadline = AbortSignal.timeout(totalTimeoutMs)
    const signal = request.signal ? AbortSignal.any([request.signal, deadline]) : deadline
    try {
      let next = parseUrl(url)
      for (let left = request.maxRedirects; ; left--) {
        const answer = await hop(next, request, signal)
        if (!(answer instanceof URL)) return answer
        if (left === 0) throw GuardedFetchError.unreachable('redirects')
        next = answer
      }
    } catch (error) {
      request.signal?.throwIfAborted()
      if (error instanceof GuardedFetchError) throw error
      throw GuardedFetchError.unreachable(deadline.aborted ? 'timeout' : unreachableReason(error))
    }
  }
}

/** A URL that may be fetched. WHATWG's parser turns every spelling of an IPv4 address (decimal, octal, hex) into one. */
const parseUrl = (text: string, base?: URL): URL => {
  if (!URL.canParse(text, base)) throw GuardedFetchError.addressRefused('malformed')
  const url = new URL(text, base)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw GuardedFetchError.addressRefused('scheme')
  if (url.username || url.password) throw GuardedFetchError.addressRefused('credentials')
  return url
}

const single = (header: string | string[] | undefined) => (Array.isArray(header) ? header[0] : header)

const nextHop = ({ headers }: Dispatcher.ResponseData, from: URL): URL => {
  const location = single(headers.location)
  if (location === undefined) throw GuardedFetchError.unreachable('redirects')
  return parseUrl(location, from)
}

const decoders: Record<string, (() => Transform) | undefined> = {
  gzip: createUnzip,
  'x-gzip': createUnzip,
  deflate: createUnzip,
  br: createBrotliDecompress,
}

/** Reads as a stream and counts, since a Content-Length may lie and a small body may decode to a huge one. */
const readBody = async (
  { headers, body: received }: Dispatcher.ResponseData,
  maxBytes: number,
  rate: LeastRate,
): Promise<Uint8Array> => {
  const body = requireRate(received, rate)
  if (Number(single(headers['content-length'])) > maxBytes) throw GuardedFetchError.tooLarge(maxBytes)
  const encoding = single(headers['content-encoding'])?.trim().toLowerCase() ?? 'identity'
  const collected: Uint8Array[] = []
  const collect = async (chunks: AsyncIterable<Uint8Array>) => {
    for await (const chunk of limit(maxBytes)(chunks)) collected.push(chunk)
  }
  if (encoding === 'identity' || encoding === '') await collect(body)
  else {
    // Not every server heeds `Accept-Encoding: identity`.
    const decoder = decoders[encoding]
    if (!decoder) throw GuardedFetchError.unreachable('protocol')
    await pipeline(body, limit(maxBytes), decoder(), collect)
  }
  return Buffer.concat(collected)
}

const limit = (maxBytes: number) =>
  async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let bytes = 0
    for await (const chunk of chunks) {
      bytes += chunk.length
      if (bytes > maxBytes) throw GuardedFetchError.tooLarge(maxBytes)
      yield chunk
    }
  }
