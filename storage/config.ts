import { resolve } from 'node:path'
import { parseDuration } from '../contracts/duration.ts'
import { type KeyRing, parseKeyRing } from '../contracts/encryption/key-ring.ts'
import { openStore } from './open-store.ts'
import { createSealedStore, type SealedStore } from './sealed-store.ts'
import { loadOrMakeSecrets, urlSigningKey } from './secrets.ts'

export interface StorageConfig {
  /** Where this machine keeps what nobody configured elsewhere. */
  stateDir: string
  /** Base of the URLs in answers, without a trailing slash. */
  publicUrl: string
  /** Newest first. */
  webhookSecrets: readonly string[]
  /** For Temporal's payloads and for artifacts at rest. */
  keyRing: KeyRing
  urlSigningKey: Uint8Array
  /** How long photos, vectors and images are kept. */
  retentionMs: number
  store: SealedStore
}

const defaultRetention = '24h'
const minRetentionMs = 1_000

const parseRetention = (text = ''): number => {
  const ms = parseDuration(text || defaultRetention)
  if (ms !== undefined && ms >= minRetentionMs) return ms
  throw new Error(`IDEM_RETENTION is ${JSON.stringify(text)}; it takes a duration such as 30m, 24h or 7d`)
}

/** Opens what the API and the workers share: the artifact store and the secrets. */
export const readStorageConfig = async (env = process.env): Promise<StorageConfig> => {
  const stateDir = resolve(env.IDEM_STATE || '.idem')
  const configured = { webhookSecret: env.IDEM_WEBHOOK_SECRET, encryptionKeys: env.IDEM_ENCRYPTION_KEYS }
  const made = configured.webhookSecret && configured.encryptionKeys ? undefined : await loadOrMakeSecrets(stateDir)
  const webhookSecret = configured.webhookSecret || made!.webhookSecret
  const webhookSecrets = webhookSecret.split(',').map((secret) => secret.trim())
  const publicUrl = (env.IDEM_PUBLIC_URL || `http://${env.IDEM_HOST || '127.0.0.1'}:${env.IDEM_PORT || 8787}`).replace(
    /\/+$/,
    '',
  )
  const signingKey = await urlSigningKey(webhookSecrets[0]!)
  const keyRing = parseKeyRing(configured.encryptionKeys || made!.encryptionKeys)
  const store = openStore(env.IDEM_STORAGE || `file:${resolve(stateDir, 'artifacts')}`, {
    publicUrl,
    signingKey,
    cwd: process.cwd(),
    env,
  })
  return {
    stateDir,
    publicUrl,
    webhookSecrets,
    keyRing,
    urlSigningKey: signingKey,
    retentionMs: parseRetention(env.IDEM_RETENTION),
    store: createSealedStore(store, keyRing),
  }
}
