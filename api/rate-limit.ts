import type { MiddlewareHandler } from 'hono'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { ApiEnv } from './deps.ts'
import { Problem } from './problem.ts'

/** So many requests a minute for each tenant, counted by each process for itself. Throws a 429 problem. */
export const limitRate = (requestsPerMinute: number): MiddlewareHandler<ApiEnv> => {
  const limiter = new RateLimiterMemory({ points: requestsPerMinute, duration: 60 })
  return async (c, next) => {
    try {
      await limiter.consume(c.get('tenant'))
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error
      const seconds = Math.max(1, Math.ceil(error.msBeforeNext / 1000))
      throw new Problem(429, `More than ${requestsPerMinute} requests a minute; try again in ${seconds} s`, {
        headers: { 'retry-after': `${seconds}` },
      })
    }
    return next()
  }
}
