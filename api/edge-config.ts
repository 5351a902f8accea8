import { z } from 'zod'
import { servedDiffusionSchema } from '../contracts/bundle-manifest.ts'
import type { Queue } from '../contracts/queues.ts'
import { parseQueues } from '../contracts/queues.ts'
import { type AcceptedPayloads, readAcceptedPayloads } from '../lib/accepted-payloads.ts'
import type { SigningKey } from '../lib/crypto/hmac.ts'
import { type KeyRing, parseKeyRing } from '../lib/crypto/key-ring.ts'
import { parseOrigins, readLogLevel, readTemporalUiUrl } from '../lib/parse-config.ts'
import { findDriver, type StorageDrivers } from '../storage/driver.ts'
import { s3Driver } from '../storage/drivers/s3/index.ts'
import { openWithKeys } from '../storage/open-with-keys.ts'
import { parseRetention, parseSecrets, urlSigningKeys } from '../storage/parse-storage-config.ts'
import { createPublishedFiles, type PublishedFiles } from '../storage/published-files.ts'
import { createSealedStore, type SealedStore } from '../storage/sealed-store.ts'
import type { BundleInfo } from './models/bundle-info.ts'
import { readTenantLimits, type TenantLimits } from './tenant-limits.ts'
import { type TokenRecord, tokenFileSchema } from './token-records.ts'

interface RateLimitBinding {
  limit(options: { key: string }): Promise<{ success: boolean }>
}

/** Bindings of a Cloudflare Worker: variables, and the rate limiters. */
export interface EdgeEnv {
  readonly [name: string]: unknown
  readonly IDEM_RATE_LIMITER?: RateLimitBinding
  /** For requests that show no token. */
  readonly IDEM_ADDRESS_RATE_LIMITER?: RateLimitBinding
}

export interface EdgeConfig {
  temporal: { url: string; namespace: string; apiKey?: string }
  temporalUiUrl: string
  bundle: BundleInfo
  publicUrl: string
  webhookSecrets: readonly string[]
  urlSigningKeys: readonly SigningKey[]
  keyRing: KeyRing
  store: SealedStore
  published: PublishedFiles
  retentionMs: number
  tokens: readonly TokenRecord[]
  codecToken: string | undefined
  limits: TenantLimits
  corsOrigins: readonly string[]
  readyQueues: readonly Queue[]
  logLevel: string
  accept: AcceptedPayloads
}

const bundleSchema = z.object({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: z.iso.datetime().transform((text) => new Date(text)),
  // Optional: earlier deployments did not include the settings of the bundle's schedulers.
  ...servedDiffusionSchema.partial({ scheduler: true }).shape,
})

/** Storage drivers that do not depend on Node. */
const drivers: StorageDrivers = { s3: s3Driver }

const parseJson = <T>(name: string, text: string, schema: z.ZodType<T>): T => {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new Error(`${name} is not valid JSON`, { cause })
  }
  const parsed = schema.safeParse(json)
  if (!parsed.success) throw new Error(`${name} is malformed: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}

/** Reads the configuration from bindings, which are named like the environment variables. Throws if one is missing. */
export const readEdgeConfig = async (bindings: EdgeEnv): Promise<EdgeConfig> => {
  const env = Object.fromEntries(
    Object.entries(bindings).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
  const need = (name: string): string => {
    if (env[name]) return env[name]
    throw new Error(`${name} is not set`)
  }
  const webhookSecrets = parseSecrets(need('IDEM_WEBHOOK_SECRET'))
  const keyRing = parseKeyRing(need('IDEM_ENCRYPTION_KEYS'))
  const publicUrl = need('IDEM_PUBLIC_URL').replace(/\/+$/, '')
  const signingKeys = await urlSigningKeys(keyRing)
  const storageUrl = need('IDEM_STORAGE')
  const open = (url: string) =>
    findDriver(url, drivers).open(url, { publicUrl, signingKey: signingKeys[0]!, cwd: '/', env })
  const { store, keys } = openWithKeys({ storageUrl, keysUrl: env.IDEM_KEYS || undefined }, open)
  return {
    temporal: {
      url: need('TEMPORAL_HTTP_URL'),
      namespace: env.TEMPORAL_NAMESPACE || 'default',
      ...(env.TEMPORAL_API_KEY && { apiKey: env.TEMPORAL_API_KEY }),
    },
    temporalUiUrl: readTemporalUiUrl(env),
    bundle: parseJson('IDEM_BUNDLE', need('IDEM_BUNDLE'), bundleSchema),
    publicUrl,
    webhookSecrets,
    urlSigningKeys: signingKeys,
    keyRing,
    store: createSealedStore(store, keyRing, { keys }),
    published: createPublishedFiles(store),
    retentionMs: parseRetention(env.IDEM_RETENTION),
    // Required: without tokens, anyone could use an edge deployment, as a Host header proves nothing there.
    tokens: parseJson('IDEM_TOKENS', need('IDEM_TOKENS'), tokenFileSchema).tokens,
    codecToken: env.IDEM_CODEC_TOKEN || undefined,
    limits: readTenantLimits(env, { shared: true }),
    corsOrigins: parseOrigins(env.IDEM_CORS_ORIGINS),
    readyQueues: parseQueues('IDEM_READY_QUEUES', env.IDEM_READY_QUEUES),
    logLevel: readLogLevel(env),
    accept: readAcceptedPayloads(env),
  }
}
