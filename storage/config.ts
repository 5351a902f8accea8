import { resolve } from 'node:path'
import type { ArtifactStore } from '../contracts/artifacts.ts'
import { openStore } from './open-store.ts'
import { loadOrMakeSecrets, urlSigningKey } from './secrets.ts'

export interface StorageConfig {
  /** Where this machine keeps what nobody configured elsewhere. */
  stateDir: string
  /** Base of the URLs in answers, without a trailing slash. */
  publicUrl: string
  /** Newest first. */
  webhookSecrets: readonly string[]
  encryptionKeys: string
  urlSigningKey: Uint8Array
  store: ArtifactStore
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
  return {
    stateDir,
    publicUrl,
    webhookSecrets,
    encryptionKeys: configured.encryptionKeys || made!.encryptionKeys,
    urlSigningKey: signingKey,
    store: openStore(env.IDEM_STORAGE || `file:${resolve(stateDir, 'artifacts')}`, {
      publicUrl,
      signingKey,
      cwd: process.cwd(),
      env,
    }),
  }
}
