import type { MiddlewareHandler } from 'hono'
import { localTenant } from '../../contracts/tenant-secret.ts'
import type { ApiEnv } from '../deps.ts'
import { Problem } from '../problem.ts'
import type { TokenRecord } from '../token-records.ts'

/** Looks up a token. Returns undefined if it is not valid. */
export type FindToken = (token: string) => Promise<TokenRecord | undefined>

/** The token of `Authorization: Bearer …`, or `Token …` as older clients send it. */
const tokenOf = (header: string | undefined): string | undefined =>
  /^(?:Bearer|Token) +([\w.~+/=-]+) *$/i.exec(header ?? '')?.[1]

const unauthenticated = (detail: string) => new Problem(401, detail, { headers: { 'www-authenticate': 'Bearer' } })

/** Sets the tenant of a request by its token. Throws a 401 problem, or 403 if the token has another scope. */
export const requireToken =
  (find: FindToken | undefined): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    if (!find) {
      c.set('tenant', localTenant)
      return next()
    }
    const token = tokenOf(c.req.header('authorization'))
    if (token === undefined) throw unauthenticated('A token is required; send it as Authorization: Bearer …')
    const record = await find(token)
    if (!record) throw unauthenticated('The token is invalid')
    if (record.scope !== 'api') throw new Problem(403, 'This token is not valid for the API; create one with scope api')
    c.set('tenant', record.tenant)
    return next()
  }
