import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { callerKey, type RateLimiter } from './rate-limit.ts'

export interface RequestsPerMinute {
  /** Of each tenant, and of each operator. If omitted, there is no limit. */
  tenant?: number | undefined
  /** Of each address that shows no token. If omitted, there is no limit. */
  address?: number | undefined
}

const createLimit = (points: number | undefined) =>
  points
    ? { limiter: new RateLimiterMemory({ points, duration: 60 }), limit: `${points} requests per minute` }
    : undefined

/** Limits the requests of each caller. Each process counts separately. */
export const createMemoryRateLimiter = ({ tenant, address }: RequestsPerMinute): RateLimiter => {
  const [tenants, addresses] = [createLimit(tenant), createLimit(address)]
  return {
    take: async (caller) => {
      const applied = 'address' in caller ? addresses : tenants
      if (!applied) return undefined
      try {
        await applied.limiter.consume(callerKey(caller))
        return undefined
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error
        return { limit: applied.limit, retryAfterSeconds: Math.max(1, Math.ceil(error.msBeforeNext / 1000)) }
      }
    },
  }
}
