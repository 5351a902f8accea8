import type { MiddlewareHandler } from 'hono'
import type { Caller } from '../caller.ts'
import type { ApiEnv } from '../deps.ts'
import { Problem } from '../problem.ts'

/** A request too many. */
export interface Exceeded {
  /** For messages: `3 requests per minute`. */
  readonly limit: string
  readonly retryAfterSeconds: number
}

/** Counts the requests of each caller. Each runtime has its own implementation. */
export interface RateLimiter {
  /** Counts a request. Returns undefined unless the limit is exceeded. */
  take(caller: Caller): Promise<Exceeded | undefined>
}

/** A name for each caller; a tenant, an operator and an address never share one. */
export const callerKey = (caller: Caller): string => {
  if ('tenant' in caller) return `tenant ${caller.tenant}`
  return 'operator' in caller ? `operator ${caller.operator}` : `address ${caller.address}`
}

/** Limits the rate of requests of each caller. Throws a 429 problem. */
export const limitRate =
  ({ take }: RateLimiter): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    const exceeded = await take(c.get('caller'))
    if (!exceeded) return next()
    const { limit, retryAfterSeconds } = exceeded
    throw new Problem(429, `More than ${limit}; try again in ${retryAfterSeconds} s`, {
      headers: { 'retry-after': `${retryAfterSeconds}` },
    })
  }
