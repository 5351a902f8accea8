import { resolve } from 'node:path'
import { loadClientConnectConfig } from '@temporalio/envconfig'

/** Folders of this project, whatever the working directory is. */
export const projectDir = resolve(import.meta.dirname, '..')

const defaultTemporalUiUrl = 'http://127.0.0.1:8233'

export interface WorkerConfig {
  /** Folder of the model bundle. */
  models: string
  /** onnxruntime's name, or auto. */
  executionProvider: string
  allowPrivateNetwork: boolean
  temporalUiUrl: string
}

const flag = (name: string, value: string | undefined): boolean => {
  if (value === undefined || ['', '0', 'false', 'no'].includes(value)) return false
  if (['1', 'true', 'yes'].includes(value)) return true
  throw new Error(`${name} is ${JSON.stringify(value)}; it takes true or false`)
}

export const readWorkerConfig = (env = process.env): WorkerConfig => ({
  models: resolve(env.IDEM_MODELS || resolve(projectDir, 'models/demo')),
  executionProvider: env.IDEM_EXECUTION_PROVIDER || 'auto',
  allowPrivateNetwork: flag('IDEM_ALLOW_PRIVATE_NETWORK', env.IDEM_ALLOW_PRIVATE_NETWORK),
  temporalUiUrl: env.IDEM_TEMPORAL_UI_URL || defaultTemporalUiUrl,
})

export interface StartConfig {
  stateDir: string
  host: string
  port: number
  publicUrl: string | undefined
  /** Set where a Temporal server is given: none is started then. */
  temporalAddress: string | undefined
  /** UI of the given server. */
  temporalUiUrl: string
  path: string
  cacheDir: string
  /** What child processes inherit. */
  env: NodeJS.ProcessEnv
}

const parsePort = (value: string): number => {
  const port = Number(value)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new Error(`IDEM_PORT is ${JSON.stringify(value)}; it takes a number from 0 to 65535`)
}

export const readStartConfig = (env = process.env): StartConfig => ({
  stateDir: resolve(env.IDEM_STATE || '.idem'),
  host: env.IDEM_HOST || '127.0.0.1',
  port: parsePort(env.IDEM_PORT || '8787'),
  publicUrl: env.IDEM_PUBLIC_URL || undefined,
  temporalAddress: env.TEMPORAL_ADDRESS || undefined,
  temporalUiUrl: env.IDEM_TEMPORAL_UI_URL || defaultTemporalUiUrl,
  path: env.PATH ?? '',
  cacheDir: resolve(projectDir, '.cache'),
  env,
})

/** Temporal's address, namespace, TLS and API key, as `@temporalio/envconfig` reads them. */
export const readTemporalConfig = () => {
  const { connectionOptions, namespace } = loadClientConnectConfig()
  return { connectionOptions, namespace: namespace ?? 'default' }
}

export interface ModelsConfig {
  hubUrl: string
  hubToken: string | undefined
  /** What the exporter inherits. */
  env: NodeJS.ProcessEnv
}

/** HF_ENDPOINT and HF_TOKEN, as the hub's own tools read them. */
export const readModelsConfig = (env = process.env): ModelsConfig => ({
  hubUrl: env.HF_ENDPOINT || 'https://huggingface.co',
  hubToken: env.HF_TOKEN || undefined,
  env,
})
