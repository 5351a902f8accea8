import type { ContentfulStatusCode as ProblemStatus } from 'hono/utils/http-status'
import { clip } from '../lib/clip.ts'

export type { ProblemStatus }

export interface FieldError {
  /** Path to the field: ["body", "input", "num_images"]. */
  readonly loc: readonly (string | number)[]
  readonly msg: string
  readonly type: string
}

/** Limits of a problem document: a large request must not cause a large response. */
const maxBytes = 4096
const maxErrors = 20
const maxDetailBytes = 1024
const maxMsgLength = 200
const maxLocParts = 8
const maxNameLength = 64

const titles: Partial<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthenticated',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'Payload too large',
  415: 'Unsupported media type',
  421: 'Misdirected request',
  422: 'Input validation failed',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Service unavailable',
}

const clipError = ({ loc, msg, type }: FieldError): FieldError => ({
  loc: loc.slice(0, maxLocParts).map((part) => (typeof part === 'string' ? clip(part, maxNameLength) : part)),
  msg: clip(msg, maxMsgLength),
  type: clip(type, maxNameLength),
})

const bytesOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length

/** Clips to a size in JSON, where a character takes one to six bytes. */
const clipToBytes = (text: string, bytes: number): string => {
  let clipped = clip(text, bytes)
  while (bytesOf(clipped) > bytes + 2) clipped = clip(clipped, Math.floor(clipped.length * 0.8))
  return clipped
}

/** The first errors that fit into `bytes`. */
const errorsWithin = (bytes: number, errors: readonly FieldError[]): FieldError[] => {
  const shown: FieldError[] = []
  let left = bytes
  for (const error of errors.slice(0, maxErrors).map(clipError)) {
    left -= bytesOf(error) + 1
    if (left < 0) break
    shown.push(error)
  }
  return shown
}

export interface ProblemOptions {
  readonly errors?: readonly FieldError[]
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/**
 * An error that is sent to the client as an RFC 9457 problem document.
 *
 * @example
 * throw new Problem(404, 'Prediction not found')
 */
export class Problem extends Error {
  override name = 'Problem'
  readonly status: ProblemStatus
  readonly errors?: readonly FieldError[]
  readonly headers: Readonly<Record<string, string>>

  constructor(status: ProblemStatus, detail: string, options: ProblemOptions = {}) {
    super(clipToBytes(detail, maxDetailBytes), { cause: options.cause })
    this.status = status
    if (options.errors) this.errors = options.errors
    this.headers = options.headers ?? {}
  }

  /** `traceId` is added to the document, so that operators can find the request's trace. */
  toResponse(traceId?: string): Response {
    return new Response(JSON.stringify(this.#document(traceId)), {
      status: this.status,
      headers: { 'content-type': 'application/problem+json', ...this.headers },
    })
  }

  #document(traceId: string | undefined): object {
    const { status, message: detail, errors } = this
    const base = { type: 'about:blank', title: titles[status] ?? 'Error', status, detail }
    const end = traceId ? { trace_id: traceId } : {}
    if (!errors) return { ...base, ...end }
    // Leaves room for the names and brackets of the added members.
    const room = maxBytes - bytesOf({ ...base, ...end }) - 64
    const shown = errorsWithin(room, errors)
    const omitted = errors.length - shown.length
    return { ...base, errors: shown, ...(omitted > 0 && { errors_omitted: omitted }), ...end }
  }
}
