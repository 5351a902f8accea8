import { toBase64 } from '../lib/base64.ts'
import { parseWebhookSecret } from './webhook-signature.ts'

/** Whose predictions they are where there are no API tokens. */
export const localTenant = 'local'

const keyBytes = 32

/**
 * The signing secrets of a tenant, newest first: derived (HKDF-SHA-256) from the service's, so that no tenant can sign
 * what another one receives. No tenant has the service's own, `local` neither: all others could be made from it.
 */
export const tenantWebhookSecrets = async (secrets: readonly string[], tenant: string): Promise<string[]> =>
  Promise.all(
    secrets.map(async (secret) => {
      const base = await crypto.subtle.importKey('raw', parseWebhookSecret(secret), 'HKDF', false, ['deriveBits'])
      const info = new TextEncoder().encode(`idem webhook secret/1\n${tenant}`)
      const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info }
      const bits = new Uint8Array(await crypto.subtle.deriveBits(hkdf, base, keyBytes * 8))
      return `whsec_${toBase64(bits)}`
    }),
  )
