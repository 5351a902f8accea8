import { toBase64 } from '../lib/base64.ts'
import { parseWebhookSecret } from './webhook-signature.ts'

/** The tenant of all predictions if the API runs without tokens. */
export const localTenant = 'local'

const keyBytes = 32

/**
 * The webhook signing secrets of a tenant, newest first. They are derived (HKDF-SHA-256) from the service's secrets, so
 * that a tenant cannot sign messages to another one. No tenant, not even `local`, uses the service's secrets directly:
 * all others could be derived from them.
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
