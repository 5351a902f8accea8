import type { MiddlewareHandler } from 'hono'
import { Problem } from '../problem.ts'

const safe: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses requests with side effects that a browser sends for a page of another site. Browsers send `Origin` and
 * `Sec-Fetch-Site` with them; other clients send neither. Throws a 403 problem.
 */
export const refuseCrossSite = ({
  publicUrl,
  corsOrigins,
}: {
  publicUrl: string
  /** Origins that may use the API from a browser. */
  corsOrigins: readonly string[]
}): MiddlewareHandler => {
  const own = new URL(publicUrl).origin
  return async (c, next) => {
    if (safe.has(c.req.method)) return next()
    const origin = c.req.header('origin')
    // The page of this API itself, whichever address it was opened at.
    const isOwn = origin === undefined || origin === own || origin === new URL(c.req.url).origin
    if (origin !== undefined && corsOrigins.includes(origin)) return next()
    if (isOwn && c.req.header('sec-fetch-site') !== 'cross-site') return next()
    throw new Problem(
      403,
      `Pages of ${origin ?? 'another site'} may not use this API; add the origin to IDEM_CORS_ORIGINS to allow it`,
    )
  }
}
