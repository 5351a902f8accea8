import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import { z } from 'zod'
import { servedDiffusionSchema } from '../contracts/bundle-manifest.ts'
import type { Queue } from '../contracts/queues.ts'
import { parseQueues } from '../contracts/queues.ts'
import { requireUsableDefaults } from '../inference/numeric/schedulers/index.ts'
import { type AcceptedPayloads, readAcceptedPayloads } from '../lib/accepted-payloads.ts'
import { parseCount, parseList, parseOrigins, readLogLevel, readTemporalUiUrl } from '../lib/parse-config.ts'
import { parsePort } from '../lib/parse-port.ts'
import { sha256Hex } from '../lib/sha256.ts'
import { parseProxies } from './client-address.ts'
import type { RequestsPerMinute } from './middleware/memory-rate-limiter.ts'
import type { BundleInfo } from './models/bundle-info.ts'
import { readTenantLimits, type TenantLimits } from './tenant-limits.ts'

export interface ApiConfig {
  host: string
  port: number
  temporalUiUrl: string
  bundle: BundleInfo
  /** File of API tokens. */
  tokens: string | undefined
  requestsPerMinute: RequestsPerMinute
  /** Proxies whose `X-Forwarded-For` is believed. */
  trustedProxies: ReturnType<typeof parseProxies>
  limits: TenantLimits
  corsOrigins: readonly string[]
  readyQueues: readonly Queue[]
  logLevel: string
  accept: AcceptedPayloads
  /** Token with which the Temporal UI of `npm start` reads payloads. */
  codecToken: string | undefined
}

/** The part of a bundle's manifest that the API reads. */
const manifestSchema = z.object({ diffusion: servedDiffusionSchema })

/** Reads what the API needs of a bundle. The hash of the manifest identifies the bundle, as it covers all its files. */
const readBundle = async (folder: string): Promise<BundleInfo> => {
  const file = join(folder, 'manifest.json')
  const bytes = await readFile(file).catch((cause) => {
    throw new Error(`No model bundle at ${folder}: cannot read manifest.json`, { cause })
  })
  const manifest = manifestSchema.safeParse(JSON.parse(bytes.toString('utf8')))
  if (!manifest.success) throw new Error(`${file}: ${z.prettifyError(manifest.error)}`)
  const { diffusion } = manifest.data
  try {
    requireUsableDefaults(diffusion)
  } catch (cause) {
    throw new Error(`${file}: diffusion.defaults cannot be used: ${(cause as Error).message}`, { cause })
  }
  return {
    sha256: await sha256Hex(bytes),
    createdAt: (await stat(file)).mtime,
    ...diffusion,
  }
}

export const readPort = ({ IDEM_PORT }: NodeJS.ProcessEnv): number => parsePort('IDEM_PORT', IDEM_PORT, 8787)

export const readApiConfig = async (env = process.env): Promise<ApiConfig> => ({
  host: env.IDEM_HOST || '127.0.0.1',
  port: readPort(env),
  temporalUiUrl: readTemporalUiUrl(env),
  bundle: await readBundle(resolve(env.IDEM_MODELS || resolve(import.meta.dirname, '../models/demo'))),
  tokens: readTokensPath(env),
  requestsPerMinute: {
    tenant: parseCount('IDEM_RATE_LIMIT', env.IDEM_RATE_LIMIT || (env.IDEM_TOKENS ? '6000' : '0')),
    address: parseCount('IDEM_ADDRESS_RATE_LIMIT', env.IDEM_ADDRESS_RATE_LIMIT || '1200'),
  },
  trustedProxies: parseProxies('IDEM_TRUSTED_PROXIES', parseList(env.IDEM_TRUSTED_PROXIES)),
  limits: readTenantLimits(env, { shared: Boolean(env.IDEM_TOKENS) }),
  corsOrigins: parseOrigins(env.IDEM_CORS_ORIGINS),
  readyQueues: parseQueues('IDEM_READY_QUEUES', env.IDEM_READY_QUEUES),
  logLevel: readLogLevel(env),
  accept: readAcceptedPayloads(env),
  codecToken: env.IDEM_CODEC_TOKEN || undefined,
})

/** Path of the file of API tokens, if `IDEM_TOKENS` is set. */
export const readTokensPath = (env = process.env): string | undefined =>
  env.IDEM_TOKENS ? resolve(env.IDEM_TOKENS) : undefined

/** Temporal's address, namespace, TLS and API key, as `@temporalio/envconfig` reads them. */
export const readTemporalConfig = () => {
  const { connectionOptions, namespace } = loadClientConnectConfig()
  return { connectionOptions, namespace: namespace ?? 'default' }
}
