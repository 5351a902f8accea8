import { resolve } from 'node:path'
import type { SigningKey } from '../lib/crypto/hmac.ts'
import { type KeyRing, type KeyRingOptions, parseKeyRing } from '../lib/crypto/key-ring.ts'
import { findDriver, type StorageDrivers } from './driver.ts'
import { storageDrivers } from './drivers/index.ts'
import { openWithKeys } from './open-with-keys.ts'
import { parseRetention, parseSecrets, urlSigningKeys } from './parse-storage-config.ts'
import { createPublishedFiles, type PublishedFiles } from './published-files.ts'
import { createSealedStore, type SealedStore } from './sealed-store.ts'
import { loadOrMakeSecrets } from './secrets.ts'

export interface StorageConfig {
  /** Where this machine keeps what nobody configured elsewhere. */
  stateDir: string
  /** Base of the URLs in answers, without a trailing slash. */
  publicUrl: string
  /** Newest first. */
  webhookSecrets: readonly string[]
  /** For Temporal's payloads and for artifacts at rest. */
  keyRing: KeyRing
  /** For URLs of files and streams: the first one signs, all of them verify. */
  urlSigningKeys: readonly SigningKey[]
  /** How long photos, vectors and images are kept. */
  retentionMs: number
  store: SealedStore
  /** What signed URLs hand out. */
  published: PublishedFiles
}

export interface Places {
  /** Where this machine keeps what nobody configured elsewhere. */
  stateDir: string
  /** The artifact store: in `stateDir`, unless it is named. */
  storageUrl: string
  /** The store of the artifacts' keys. Undefined if they lie with the artifacts, whose store was named and theirs was not. */
  keysUrl: string | undefined
}

export const readPlaces = (env: NodeJS.ProcessEnv): Places => {
  const stateDir = resolve(env.IDEM_STATE || '.idem')
  const keysUrl = env.IDEM_KEYS || (env.IDEM_STORAGE ? undefined : `file:${resolve(stateDir, 'keys')}`)
  return { stateDir, storageUrl: env.IDEM_STORAGE || `file:${resolve(stateDir, 'artifacts')}`, keysUrl }
}

/** Opens what the API and the workers share: the artifact store and the secrets. */
export const readStorageConfig = async (
  env = process.env,
  drivers: StorageDrivers = storageDrivers,
  keyRingOptions: KeyRingOptions = {},
): Promise<StorageConfig> => {
  const { stateDir, storageUrl, keysUrl } = readPlaces(env)
  const configured = { webhookSecret: env.IDEM_WEBHOOK_SECRET, encryptionKeys: env.IDEM_ENCRYPTION_KEYS }
  const made = configured.webhookSecret && configured.encryptionKeys ? undefined : await loadOrMakeSecrets(stateDir)
  const webhookSecret = configured.webhookSecret || made!.webhookSecret
  const webhookSecrets = parseSecrets(webhookSecret)
  const publicUrl = (env.IDEM_PUBLIC_URL || `http://${env.IDEM_HOST || '127.0.0.1'}:${env.IDEM_PORT || 8787}`).replace(
    /\/+$/,
    '',
  )
  const keyRing = parseKeyRing(configured.encryptionKeys || made!.encryptionKeys, keyRingOptions)
  const signingKeys = await urlSigningKeys(keyRing)
  const open = (url: string) =>
    findDriver(url, drivers).open(url, { publicUrl, signingKey: signingKeys[0]!, cwd: process.cwd(), env })
  const { store, keys } = openWithKeys({ storageUrl, keysUrl }, open)
  return {
    stateDir,
    publicUrl,
    webhookSecrets,
    keyRing,
    urlSigningKeys: signingKeys,
    retentionMs: parseRetention(env.IDEM_RETENTION),
    store: createSealedStore(store, keyRing, { keys }),
    published: createPublishedFiles(store),
  }
}
