import type { MiddlewareHandler } from 'hono'
import { localTenant } from '../../contracts/tenant-secret.ts'
import type { ApiEnv } from '../deps.ts'
import { Problem } from '../problem.ts'
import type { TokenRecord } from '../token-records.ts'

/** Finds what is known of a token. */
export type FindToken = (token: string) => Promise<TokenRecord | undefined>

/** The token of `Authorization: Bearer …`, or `Token …` as older clients send it. */
const tokenOf = (header: string | undefined): string | undefined =>
  /^(?:Bearer|Token) +([\w.~+/=-]+) *$/i.exec(header ?? '')?.[1]

const unauthenticated = (detail: string) => new Problem(401, detail, { headers: { 'www-authenticate': 'Bearer' } })

/** Finds out who asks. Throws a 401 problem, or 403 for a token that is for something else. */
export const requireToken =
  (find: FindToken | undefined): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    if (!find) {
      c.set('tenant', localTenant)
      return next()
    }
    const token = tokenOf(c.req.header('authorization'))
    if (token === undefined) throw unauthenticated('Send a token: Authorization: Bearer …')
    const record = await find(token)
    if (!record) throw unauthenticated('This token is not valid')
    if (record.scope !== 'api') throw new Problem(403, 'This token is not for the API')
    c.set('tenant', record.tenant)
    return next()
  }
