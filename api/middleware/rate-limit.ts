import type { MiddlewareHandler } from 'hono'
import type { ApiEnv } from '../deps.ts'
import { Problem } from '../problem.ts'

/** Counts the requests of tenants. Each runtime has its own implementation. */
export interface RateLimiter {
  /** For messages: `3 requests per minute`. */
  readonly limit: string
  /** Counts a request. Returns the seconds to wait if the limit is exceeded. */
  take(tenant: string): Promise<number | undefined>
}

/** Limits the rate of requests of each tenant. Throws a 429 problem. */
export const limitRate =
  ({ limit, take }: RateLimiter): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    const seconds = await take(c.get('tenant'))
    if (seconds === undefined) return next()
    throw new Problem(429, `More than ${limit}; try again in ${seconds} s`, {
      headers: { 'retry-after': `${seconds}` },
    })
  }
