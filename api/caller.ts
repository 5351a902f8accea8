import type { UrlHolder } from '../contracts/url-holder.ts'

/**
 * Where a request comes from: a tenant, by a token or a signed URL; an operator; or nobody that is known, from an address. There is
 * no other case, so a request that nobody answers for can never count as somebody else's.
 */
export type Caller =
  | { readonly tenant: string; readonly holder: UrlHolder }
  | { readonly operator: string }
  | { readonly address: string }
