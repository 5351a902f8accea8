import { resolve } from 'node:path'
import { readPort } from '../api/config.ts'
import { readTemporalUiUrl } from '../lib/parse-config.ts'
import { parsePort } from '../lib/parse-port.ts'
import { projectDir } from '../lib/project-dir.ts'
import { readPlaces } from '../storage/config.ts'

export interface StartConfig {
  /** Where the search for free ports of Temporal begins; at its usual ports if omitted. */
  temporalPorts?: { grpc: number; ui: number }
  stateDir: string
  host: string
  port: number
  publicUrl: string | undefined
  /** Address of a running Temporal server. If set, none is started. */
  temporalAddress: string | undefined
  /** Port of the HTTP API of the Temporal server. If omitted, the HTTP API is disabled. */
  temporalHttpPort?: number | undefined
  /** URL of the UI of the running server. */
  temporalUiUrl: string
  path: string
  cacheDir: string
  /** Token that commands send to the API, if it requires one. */
  apiToken: string | undefined
  /** Runs the gpu worker only while there is work. It exits after this time without work (60s, 5m). */
  scaleToZero?: { exitWhenIdle: string }
  /** Environment of child processes. */
  env: NodeJS.ProcessEnv
}

export const readStartConfig = (env = process.env): StartConfig => ({
  stateDir: readPlaces(env).stateDir,
  host: env.IDEM_HOST || '127.0.0.1',
  port: readPort(env),
  publicUrl: env.IDEM_PUBLIC_URL || undefined,
  temporalAddress: env.TEMPORAL_ADDRESS || undefined,
  temporalHttpPort: parsePort('IDEM_TEMPORAL_HTTP_PORT', env.IDEM_TEMPORAL_HTTP_PORT, 0) || undefined,
  temporalUiUrl: readTemporalUiUrl(env),
  path: env.PATH ?? '',
  cacheDir: resolve(projectDir, '.cache'),
  apiToken: env.IDEM_API_TOKEN || undefined,
  env,
})

/** The variables that `readStorageConfig` reads, unparsed. */
export interface SecretsConfig {
  stateDir: string
  storage: string
  webhookSecret: string | undefined
  encryptionKeys: string | undefined
}

export const readSecretsConfig = (env = process.env): SecretsConfig => {
  const { stateDir, storageUrl } = readPlaces(env)
  return {
    stateDir,
    storage: storageUrl,
    webhookSecret: env.IDEM_WEBHOOK_SECRET || undefined,
    encryptionKeys: env.IDEM_ENCRYPTION_KEYS || undefined,
  }
}

/** Where artifacts and their keys lie, and what opens them. */
export interface KeysConfig {
  /** URL of the artifact store. */
  storage: string
  /** URL of the store of keys; undefined if they lie with the artifacts. */
  keys: string | undefined
  cwd: string
  env: NodeJS.ProcessEnv
}

export const readKeysConfig = (env = process.env): KeysConfig => {
  const { storageUrl, keysUrl } = readPlaces(env)
  return { storage: storageUrl, keys: keysUrl, cwd: process.cwd(), env }
}

export interface ModelsConfig {
  hubUrl: string
  hubToken: string | undefined
  /** Environment of the exporter. */
  env: NodeJS.ProcessEnv
}

/** Reads HF_ENDPOINT and HF_TOKEN, like the tools of the Hugging Face Hub. */
export const readModelsConfig = (env = process.env): ModelsConfig => ({
  hubUrl: env.HF_ENDPOINT || 'https://huggingface.co',
  hubToken: env.HF_TOKEN || undefined,
  env,
})
