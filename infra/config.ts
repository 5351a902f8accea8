import { resolve } from 'node:path'
import { readLogLevel, readPort, readTemporalUiUrl } from '../api/config.ts'
import { readPlaces } from '../storage/config.ts'

/** Folders of this project, whatever the working directory is. */
export const projectDir = resolve(import.meta.dirname, '..')

export interface WorkerConfig {
  /** Folder of the model bundle. */
  models: string
  /** onnxruntime's name, or auto. */
  executionProvider: string
  allowPrivateNetwork: boolean
  temporalUiUrl: string
  logLevel: string
  /** Turns on worker versioning: which build these workers are. */
  buildId: string | undefined
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
  temporalUiUrl: readTemporalUiUrl(env),
  logLevel: readLogLevel(env),
  buildId: env.IDEM_BUILD_ID || undefined,
})

/** Where the system looks for libraries first. */
export const readLibraryPath = (env = process.env): string => env.LD_LIBRARY_PATH ?? ''

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
  /** What commands send to the API, where it asks for a token. */
  apiToken: string | undefined
  /** Runs the gpu worker only while there is work; it leaves when it has had none for so long (60s, 5m). */
  scaleToZero?: { exitWhenIdle: string }
  /** What child processes inherit. */
  env: NodeJS.ProcessEnv
}

export const readStartConfig = (env = process.env): StartConfig => ({
  stateDir: readPlaces(env).stateDir,
  host: env.IDEM_HOST || '127.0.0.1',
  port: readPort(env),
  publicUrl: env.IDEM_PUBLIC_URL || undefined,
  temporalAddress: env.TEMPORAL_ADDRESS || undefined,
  temporalUiUrl: readTemporalUiUrl(env),
  path: env.PATH ?? '',
  cacheDir: resolve(projectDir, '.cache'),
  apiToken: env.IDEM_API_TOKEN || undefined,
  env,
})

/** What is configured, as it was given, of what `readStorageConfig` opens. */
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
