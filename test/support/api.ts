import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import { inject } from 'vitest'
import { type AppOptions, createApp } from '../../api/app.ts'
import { createGrpcOrchestrator } from '../../api/temporal/grpc-orchestrator.ts'
import { toBase64 } from '../../contracts/encryption/base64.ts'
import { parseKeyRing } from '../../contracts/encryption/key-ring.ts'
import type { Prediction } from '../../contracts/prediction.ts'
import { openStore } from '../../storage/open-store.ts'
import { createSealedStore } from '../../storage/sealed-store.ts'
import { type InstantWorkerOptions, runInstantWorkers } from './instant-worker.ts'
import { createNamespace, createTestClient } from './namespace.ts'

export const publicUrl = 'http://idem.test'
export const photo = 'https://example.com/portrait.jpg'
export const webhookSecret = `whsec_${toBase64(new Uint8Array(32).fill(9))}`

const urlSigningKey = new Uint8Array(32).fill(7)
const bundle = {
  sha256: 'a'.repeat(64),
  createdAt: new Date(0),
  embeddingSize: 4,
  defaults: { scheduler: 'dpmpp_2m', steps: 25, guidanceScale: 3 },
}

/** The app in a namespace of its own on the real server, with a real store, and workers that compute nothing. */
export const startApi = async (
  options: Partial<AppOptions> = {},
  { generate, workers: withWorkers = true }: Pick<InstantWorkerOptions, 'generate'> & { workers?: boolean } = {},
) => {
  const folder = await mkdtemp(join(tmpdir(), 'idem-api-'))
  const keyRing = parseKeyRing(`a:${toBase64(new Uint8Array(32).fill(1))}`)
  const plain = openStore(`file:${folder}`, { publicUrl, signingKey: urlSigningKey, cwd: folder })
  const store = createSealedStore(plain, keyRing)
  const connection = await Connection.connect({ address: inject('temporalAddress') })
  const namespace = await createNamespace(connection)
  const client = createTestClient(connection, namespace, keyRing)
  const errors: Error[] = []
  const app = await createApp({
    orchestrator: createGrpcOrchestrator(client),
    store,
    bundle,
    publicUrl,
    temporalUiUrl: 'http://ui.test',
    urlSigningKey,
    webhookSecrets: [webhookSecret],
    retentionMs: 3_600_000,
    onError: (error) => errors.push(error),
    ...options,
  })
  const workers = withWorkers
    ? await runInstantWorkers({ client, namespace, keyRing, store, ...(generate && { generate }) })
    : undefined

  const request = (path: string, init?: RequestInit) => app.request(path, init)
  const post = (body: unknown, headers: Record<string, string> = {}, path = '/v1/models/idem/arc2face/predictions') =>
    request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  return {
    app,
    client,
    connection,
    namespace,
    store,
    folder,
    errors,
    request,
    post,
    /** The JSON of an answer. */
    json: async <T = Prediction>(response: Response | Promise<Response>): Promise<T> => (await response).json() as T,
    stop: async () => {
      await workers?.stop()
      await connection.close()
      await rm(folder, { recursive: true })
    },
  }
}

export type TestApi = Awaited<ReturnType<typeof startApi>>
