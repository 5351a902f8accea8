import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { RateLimiter } from './rate-limit.ts'

/** So many requests a minute for each tenant, counted by each process for itself. */
export const createMemoryRateLimiter = (requestsPerMinute: number): RateLimiter => {
  const limiter = new RateLimiterMemory({ points: requestsPerMinute, duration: 60 })
  return {
    limit: `${requestsPerMinute} requests a minute`,
    take: async (tenant) => {
      try {
        await limiter.consume(tenant)
        return undefined
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error
        return Math.max(1, Math.ceil(error.msBeforeNext / 1000))
      }
    },
  }
}
