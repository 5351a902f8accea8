import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { RateLimiter } from './rate-limit.ts'

/** Limits the requests of each tenant. Each process counts separately. */
export const createMemoryRateLimiter = (requestsPerMinute: number): RateLimiter => {
  const limiter = new RateLimiterMemory({ points: requestsPerMinute, duration: 60 })
  return {
    limit: `${requestsPerMinute} requests per minute`,
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
