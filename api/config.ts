import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import { z } from 'zod'
import type { ModelInfo } from './model.ts'

export interface ApiConfig {
  host: string
  port: number
  temporalUiUrl: string
  model: ModelInfo
}

const manifestSchema = z.looseObject({
  diffusion: z.looseObject({
    embeddingSize: z.number(),
    defaults: z.object({ scheduler: z.string(), steps: z.number(), guidanceScale: z.number() }),
  }),
})

/** What the API must know of a bundle; its version is the hash of its manifest, and so of all its files. */
const readModel = async (folder: string): Promise<ModelInfo> => {
  const file = join(folder, 'manifest.json')
  const bytes = await readFile(file).catch((cause) => {
    throw new Error(`No model bundle at ${folder}: cannot read manifest.json`, { cause })
  })
  const { diffusion } = manifestSchema.parse(JSON.parse(bytes.toString('utf8')))
  return {
    name: 'idem/arc2face',
    version: createHash('sha256').update(bytes).digest('hex'),
    embeddingSize: diffusion.embeddingSize,
    defaults: diffusion.defaults,
  }
}

export const parsePort = ({ IDEM_PORT = '' }: NodeJS.ProcessEnv): number => {
  const port = Number(IDEM_PORT || 8787)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new Error(`IDEM_PORT is ${JSON.stringify(IDEM_PORT)}; it takes a number from 0 to 65535`)
}

export const readTemporalUiUrl = ({ IDEM_TEMPORAL_UI_URL = '' }: NodeJS.ProcessEnv): string =>
  (IDEM_TEMPORAL_UI_URL || 'http://127.0.0.1:8233').replace(/\/+$/, '')

export const readApiConfig = async (env = process.env): Promise<ApiConfig> => {
  return {
    host: env.IDEM_HOST || '127.0.0.1',
    port: parsePort(env),
    temporalUiUrl: readTemporalUiUrl(env),
    model: await readModel(resolve(env.IDEM_MODELS || resolve(import.meta.dirname, '../models/demo'))),
  }
}

/** Temporal's address, namespace, TLS and API key, as `@temporalio/envconfig` reads them. */
export const readTemporalConfig = () => {
  const { connectionOptions, namespace } = loadClientConnectConfig()
  return { connectionOptions, namespace: namespace ?? 'default' }
}
