import type { MiddlewareHandler } from 'hono'
import { mayAnswer } from '../../lib/loopback.ts'
import { Problem } from '../problem.ts'

/**
 * Protects an API without tokens against DNS rebinding: it only answers requests whose host is a loopback name or the
 * host of the public URL. Throws a 421 problem.
 */
export const requireKnownHost = (publicUrl: string): MiddlewareHandler => {
  const { hostname } = new URL(publicUrl)
  return async (c, next) => {
    const { host } = new URL(c.req.url)
    // Without a Host header, as in HTTP/1.0, the runtime puts its own address into the URL.
    if (mayAnswer(c.req.header('host') ?? host, [hostname])) return next()
    throw new Problem(
      421,
      `Without tokens this API only answers requests for 127.0.0.1, localhost, [::1] and ${hostname}`,
    )
  }
}
