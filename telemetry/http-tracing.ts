import type { MiddlewareHandler } from 'hono'
import { parseTraceparent } from './traceparent.ts'
import type { Tracing } from './tracing.ts'

/** A span a request, named for its route: paths hold ids, and queries hold signatures. */
export const traceRequests =
  (tracing: Tracing): MiddlewareHandler =>
  (c, next) => {
    const parent = parseTraceparent(c.req.header('traceparent'))
    const { method } = c.req
    const attributes = { 'http.request.method': method }
    return tracing.span(method, { kind: 'SERVER', parent, attributes }, async (span) => {
      await next()
      const { routePath: route } = c.req
      const { status } = c.res
      span.rename(`${method} ${route}`)
      span.set({ 'http.route': route, 'http.response.status_code': status })
      if (status >= 500) span.fail(`${status}`)
    })
  }
