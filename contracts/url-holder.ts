/**
 * Whose signed URLs they are: a token's, by its id, or a tenant's. A URL works for as long as its holder exists, so that whoever
 * had a token that is revoked has no working URL either.
 */
export type UrlHolder = string

// Ids of tokens are hexadecimal, and names of tenants do not start with it.
const tenantMark = '~'

/** For URLs that no token asked for: an API without tokens, and predictions of earlier releases. */
export const tenantHolder = (tenant: string): UrlHolder => `${tenantMark}${tenant}`

/** The tenant that a holder names, if it is not a token. */
export const tenantOfHolder = (holder: UrlHolder): string | undefined =>
  holder.startsWith(tenantMark) ? holder.slice(tenantMark.length) : undefined

/** Whose the URLs in the webhooks of a prediction are. */
export const holderOf = ({ tenant, input }: { tenant: string; input: { readonly tokenId?: string } }): UrlHolder =>
  input.tokenId ?? tenantHolder(tenant)
