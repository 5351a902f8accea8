import type { Context } from 'hono'
import { localTenant } from '../contracts/tenant-secret.ts'
import { tenantHolder, tenantOfHolder, type UrlHolder } from '../contracts/url-holder.ts'
import type { TokenRecord } from './token-records.ts'

/** Who may use an API that has tokens. */
export interface Access {
  /** The tokens as they are now: one that was revoked is not among them a second later. */
  readTokens(): Promise<readonly TokenRecord[]>
  /** The address of the client; undefined if the client has gone. */
  addressOf(c: Context): string | undefined
}

/** The tenant of a holder; undefined if the holder does not exist any more. */
export type TenantOf = (holder: UrlHolder) => Promise<string | undefined>

/** Without `access` the only holder is the tenant of this machine. */
export const createTenantOf =
  (access: Pick<Access, 'readTokens'> | undefined): TenantOf =>
  async (holder) => {
    if (!access) return holder === tenantHolder(localTenant) ? localTenant : undefined
    const tenant = tenantOfHolder(holder)
    const records = await access.readTokens()
    return records.find(
      (record) => record.scope === 'api' && (tenant === undefined ? record.id === holder : record.tenant === tenant),
    )?.tenant
  }
