import type { ContentfulStatusCode } from 'hono/utils/http-status'

export interface FieldError {
  /** Path to the field: ["body", "input", "num_images"]. */
  readonly loc: readonly (string | number)[]
  readonly msg: string
  readonly type: string
}

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
  422: 'Input validation failed',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Service unavailable',
}

/** An RFC 9457 problem document on its way to the caller. */
export class Problem extends Error {
  override name = 'Problem'
  readonly status: ContentfulStatusCode
  readonly errors?: readonly FieldError[]
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: ContentfulStatusCode,
    detail: string,
    options: { errors?: readonly FieldError[]; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(detail, { cause: options.cause })
    this.status = status
    if (options.errors) this.errors = options.errors
    this.headers = options.headers ?? {}
  }

  /** `traceId` lets whoever runs this find the request in a trace. */
  toResponse(traceId?: string): Response {
    const { status, message: detail, errors } = this
    const more = { ...(errors && { errors }), ...(traceId && { trace_id: traceId }) }
    const body = { type: 'about:blank', title: titles[status] ?? 'Error', status, detail, ...more }
    return new Response(JSON.stringify(body), {
      status,
      headers: { 'content-type': 'application/problem+json', ...this.headers },
    })
  }
}
