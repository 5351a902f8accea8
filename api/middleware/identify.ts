import type { Context, MiddlewareHandler } from 'hono'
import { localTenant } from '../../contracts/tenant-secret.ts'
import { tenantHolder } from '../../contracts/url-holder.ts'
import type { Access } from '../access.ts'
import type { Caller } from '../caller.ts'
import type { ApiEnv } from '../deps.ts'
import { Problem } from '../problem.ts'
import type { VerifySignedRequest } from '../signed-request.ts'
import { findToken } from '../token-records.ts'

/** The token of `Authorization: Bearer …`, or `Token …` as older clients send it. */
const tokenOf = (header: string | undefined): string | undefined =>
  /^(?:Bearer|Token) +([\w.~+/=-]+) *$/i.exec(header ?? '')?.[1]

const unauthenticated = (detail: string) => new Problem(401, detail, { headers: { 'www-authenticate': 'Bearer' } })

/** Who a token belongs to, or why it does not open the API. */
const byToken = async (c: Context, access: Access): Promise<Caller | Problem> => {
  const token = tokenOf(c.req.header('authorization'))
  if (token === undefined) return unauthenticated('A token is required; send it as Authorization: Bearer …')
  const record = await findToken(token, await access.readTokens())
  if (!record) return unauthenticated('The token is invalid')
  return record.scope === 'operator' ? { operator: record.id } : { tenant: record.tenant, holder: record.id }
}

const local: Caller = { tenant: localTenant, holder: tenantHolder(localTenant) }

export interface IdentifyOptions {
  /** Without it everyone is the one tenant of this machine. */
  access: Access | undefined
  verifySignedRequest: VerifySignedRequest
}

/**
 * Says who sends a request, before anything is done for it: by a signed URL, or by a token. Whoever shows neither is known by an
 * address; `refusal` then says why, for the routes that need a tenant.
 */
export const identify =
  ({ access, verifySignedRequest }: IdentifyOptions): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    const signed = await verifySignedRequest(c)
    if (signed?.key !== undefined) c.set('signedKey', signed.key)
    const caller = signed ? signed.caller : access ? await byToken(c, access) : local
    if (caller instanceof Problem) {
      const address = access ? access.addressOf(c) : 'loopback'
      // Counted with nobody else's: a client that has gone, or a runtime that does not say where requests come from.
      if (address === undefined) throw caller
      c.set('caller', { address })
      c.set('refusal', caller)
    } else c.set('caller', caller)
    return next()
  }

/** Lets in tenants only. Throws a 401 or 403 problem. */
export const requireTenant: MiddlewareHandler<ApiEnv> = async (c, next) => {
  const caller = c.get('caller')
  if ('operator' in caller) throw new Problem(403, 'This token is not valid for the API; create one with scope api')
  if ('address' in caller) throw c.get('refusal') ?? unauthenticated('A token is required')
  c.set('tenant', caller.tenant)
  c.set('holder', caller.holder)
  return next()
}
