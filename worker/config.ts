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
  /** URL that requests to others' servers name in their user agent. */
  fetchContact: string | undefined
  accept: AcceptedPayloads
  temporalUiUrl: string
  logLevel: string
  /** Turns on worker versioning: which build these workers are. */
  buildId: string | undefined
}

const flag = (name: string, value: string | undefined): boolean => {
  if (value === undefined || ['', '0', 'false', 'no'].includes(value)) return false
  if (['1', 'true', 'yes'].includes(value)) return true
  throw new Error(`${name} is ${JSON.stringify(value)}; use true or false`)
}

/** A URL that fits into a header. */
const readContact = (text: string | undefined): string | undefined => {
  if (!text) return undefined
  if (/^(https?:\/\/|mailto:)[\x21-\x27\x2a-\x7e]+$/.test(text)) return text
  throw new Error(
    `IDEM_FETCH_CONTACT is ${JSON.stringify(text)}; it takes a URL such as https://example.com/contact or mailto:photos@example.com`,
  )
}

export const readWorkerConfig = (env = process.env): WorkerConfig => ({
  models: resolve(env.IDEM_MODELS || resolve(projectDir, 'models/demo')),
  executionProvider: env.IDEM_EXECUTION_PROVIDER || 'auto',
  allowPrivateNetwork: flag('IDEM_ALLOW_PRIVATE_NETWORK', env.IDEM_ALLOW_PRIVATE_NETWORK),
  fetchContact: readContact(env.IDEM_FETCH_CONTACT),
  accept: readAcceptedPayloads(env),
  temporalUiUrl: readTemporalUiUrl(env),
  logLevel: readLogLevel(env),
  buildId: env.IDEM_BUILD_ID || undefined,
})

/** Where the system looks for libraries first. */
export const readLibraryPath = (env = process.env): string => env.LD_LIBRARY_PATH ?? ''
