import type { Context } from 'hono'
import { isPublished } from '../contracts/artifact-keys.ts'
import type { SigningKey } from '../lib/crypto/hmac.ts'
import { type VerifiedUrl, verifySignedUrl } from '../storage/signed-url.ts'
import type { TenantOf } from './access.ts'
import type { Caller } from './caller.ts'
import { Problem } from './problem.ts'
import { type VerifiedStreamUrl, verifyStreamUrl } from './stream-url.ts'

export interface SignedRequest {
  /** Who the URL was given to, or why it does not open. */
  readonly caller: Caller | Problem
  /** The published file that it opens, if it is one of a file. */
  readonly key?: string | undefined
}

/** Undefined for a request that is not for a signed URL. */
export type VerifySignedRequest = (c: Context) => Promise<SignedRequest | undefined>

const streamPath = /^\/v1\/predictions\/([^/]+)\/stream$/
const filesPath = /^\/v1\/files\/.+\//

const reasons = {
  invalid: 'The signature of this URL is invalid',
  expired: 'This URL has expired; get the prediction again for a new one',
} as const

/**
 * Verifies the URLs that are opened without a token: of streams and of published files. Nothing is counted or looked up for a
 * request before its signature is known to be right.
 */
export const createVerifySignedRequest = ({
  signingKeys,
  tenantOf,
}: {
  signingKeys: readonly SigningKey[]
  tenantOf: TenantOf
}): VerifySignedRequest => {
  const verify = async (c: Context): Promise<VerifiedStreamUrl | VerifiedUrl | undefined> => {
    if (c.req.query('signature') === undefined) return undefined
    const [, id] = streamPath.exec(c.req.path) ?? []
    if (id !== undefined) return verifyStreamUrl(id, c.req.query(), { signingKeys })
    if (!filesPath.test(c.req.path)) return undefined
    const granted = await verifySignedUrl({ url: c.req.url, method: c.req.method, signingKeys })
    return granted.ok && !isPublished(granted.key) ? { ok: false, reason: 'invalid' } : granted
  }
  return async (c) => {
    const granted = await verify(c)
    if (!granted) return undefined
    if (!granted.ok) return { caller: new Problem(403, reasons[granted.reason]) }
    const { holder } = granted
    const tenant = await tenantOf(holder)
    if (tenant === undefined) return { caller: new Problem(403, 'The token of this URL has been revoked') }
    return { caller: { tenant, holder }, key: 'key' in granted ? granted.key : undefined }
  }
}
