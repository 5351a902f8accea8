import type { MiddlewareHandler } from 'hono'
import type { ApiEnv } from '../deps.ts'
import { Problem } from '../problem.ts'

/** Counts the requests of tenants; each runtime brings its own. */
export interface RateLimiter {
  /** For messages: `3 requests a minute`. */
  readonly limit: string
  /** Counts a request: the seconds to wait where it is one too many. */
  take(tenant: string): Promise<number | undefined>
}

/** Holds each tenant to its rate. Throws a 429 problem. */
export const limitRate =
  ({ limit, take }: RateLimiter): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    const seconds = await take(c.get('tenant'))
    if (seconds === undefined) return next()
    throw new Problem(429, `More than ${limit}; try again in ${seconds} s`, {
      headers: { 'retry-after': `${seconds}` },
    })
  }
