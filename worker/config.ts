import { resolve } from 'node:path'
import { type AcceptedPayloads, readAcceptedPayloads } from '../lib/accepted-payloads.ts'
import { readLogLevel, readTemporalUiUrl } from '../lib/parse-config.ts'
import { projectDir } from '../lib/project-dir.ts'

export interface WorkerConfig {
  /** Folder of the model bundle. */
  models: string
  /** onnxruntime's name, or auto. */
  executionProvider: string
  allowPrivateNetwork: boolean
  accept: AcceptedPayloads
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
  accept: readAcceptedPayloads(env),
  temporalUiUrl: readTemporalUiUrl(env),
  logLevel: readLogLevel(env),
  buildId: env.IDEM_BUILD_ID || undefined,
})

/** Where the system looks for libraries first. */
export const readLibraryPath = (env = process.env): string => env.LD_LIBRARY_PATH ?? ''
