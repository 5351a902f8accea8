import type { MiddlewareHandler } from 'hono'
import { mayAnswer } from '../../lib/loopback.ts'
import { Problem } from '../problem.ts'

/**
 * Answers requests for a loopback name and for the host of the public URL only, against DNS rebinding. Throws a 421 problem.
 * For an API without tokens, which anyone who reaches it may use.
 */
export const requireKnownHost = (publicUrl: string): MiddlewareHandler => {
  const { hostname } = new URL(publicUrl)
  return async (c, next) => {
    const { host } = new URL(c.req.url)
    // Without a Host header, as in HTTP/1.0, the runtime fills in its own address.
    if (mayAnswer(c.req.header('host') ?? host, [hostname])) return next()
    throw new Problem(421, `Without tokens this API answers on 127.0.0.1, localhost, [::1] and ${hostname} only`)
  }
}
