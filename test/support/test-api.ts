import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import { inject } from 'vitest'
import type { GuardedFetch } from '../../activities/shared/guarded-fetch.ts'
import { type AppOptions, createApp } from '../../api/app.ts'
import { createMemoryRateLimiter, type RequestsPerMinute } from '../../api/middleware/memory-rate-limiter.ts'
import type { BundleInfo } from '../../api/models/bundle-info.ts'
import { models as registeredModels } from '../../api/models/index.ts'
import { makeToken, type TokenRecord } from '../../api/token-records.ts'
import { schedulerConfigSchema } from '../../contracts/bundle-manifest.ts'
import type { Prediction } from '../../contracts/prediction.ts'
import { localTenant } from '../../contracts/tenant-secret.ts'
import { toBase64 } from '../../lib/base64.ts'
import { parseKeyRing } from '../../lib/crypto/key-ring.ts'
import { openStore } from '../../storage/open-store.ts'
import { urlSigningKeys as deriveUrlSigningKeys } from '../../storage/parse-storage-config.ts'
import { createPublishedFiles } from '../../storage/published-files.ts'
import { createSealedStore } from '../../storage/sealed-store.ts'
import { createGrpcOrchestrator } from '../../temporal/grpc-orchestrator.ts'
import { createLoadPrediction } from '../../worker/load-prediction.ts'
import { type InstantWorkerOptions, runInstantWorkers } from './instant-worker.ts'
import { createNamespace, createTestClient } from './namespace.ts'
import { startEdge } from './test-edge.ts'
import { findVersitygw, startVersitygw } from './versitygw.ts'

export const publicUrl = 'http://idem.test'
const temporalUiUrl = 'http://ui.test'
export const photo = 'https://example.com/portrait.jpg'
export const webhookSecret = `whsec_${toBase64(new Uint8Array(32).fill(9))}`

/** Where the app of these tests runs: in this process, or in workerd. `test/deploy/infra/edge` chooses the other one. */
export const atEdge = process.env.IDEM_TEST_RUNTIME === 'edge'

const encryptionKeys = `a:${toBase64(new Uint8Array(32).fill(1))}`
export const keyRing = parseKeyRing(encryptionKeys)
export const urlSigningKeys = await deriveUrlSigningKeys(keyRing)
export const bundle: BundleInfo = {
  sha256: 'a'.repeat(64),
  createdAt: new Date(0),
  embeddingSize: 4,
  defaults: { scheduler: 'dpmpp_2m', num_steps: 25, guidance_scale: 3 },
  scheduler: schedulerConfigSchema.parse({
    num_train_timesteps: 1000,
    beta_start: 0.00085,
    beta_end: 0.012,
    beta_schedule: 'scaled_linear',
    clip_sample: false,
  }),
}

export interface TestApiOptions extends Partial<AppOptions> {
  requestsPerMinute?: RequestsPerMinute
  /** The tokens, unless `access` reads them from somewhere. At the edge they are a binding. */
  tokens?: readonly TokenRecord[]
  /** Temporal does not answer. */
  temporalAway?: boolean
  /** Whether keys have their own store; they have by default. */
  keysApart?: boolean
}

const retentionMs = 3_600_000
const nowhere = '127.0.0.1:1'
/** Where requests come from that have no connection. */
const testAddress = '192.0.2.1'

/** A store for the app, and one for keys: files here, S3 at the edge. */
const openTestStore = async ({ keysApart }: { keysApart: boolean }) => {
  const folder = await mkdtemp(join(tmpdir(), 'idem-api-'))
  const keysFolder = await mkdtemp(join(tmpdir(), 'idem-api-keys-'))
  const options = { publicUrl, signingKey: urlSigningKeys[0]!, cwd: folder }
  const open = (url: string, keysUrl: string, env: Record<string, string> = {}) => ({
    folder,
    url,
    env: { ...env, ...(keysApart && { IDEM_KEYS: keysUrl }) },
    plain: openStore(url, { ...options, env }),
    keys: keysApart ? openStore(keysUrl, { ...options, env }) : undefined,
  })
  const remove = async () => {
    for (const each of [folder, keysFolder]) await rm(each, { recursive: true })
  }
  if (!atEdge) return { ...open(`file:${folder}`, `file:${keysFolder}`), close: remove }
  const server = await startVersitygw((await findVersitygw({ ci: true }))!, ['idem-test'])
  const env = {
    AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
  }
  const at = (prefix: string) => `s3://idem-test/${prefix}?endpoint=${encodeURIComponent(server.endpoint)}`
  const close = async () => {
    await server.stop()
    await remove()
  }
  return { ...open(at('api'), at('api-keys'), env), close }
}

type TestStore = Awaited<ReturnType<typeof openTestStore>>

const bindingsOf = (namespace: string, { url, env }: TestStore, options: TestApiOptions): Record<string, string> => ({
  TEMPORAL_HTTP_URL: options.temporalAway ? `http://${nowhere}` : inject('temporalHttpUrl'),
  TEMPORAL_NAMESPACE: namespace,
  IDEM_PUBLIC_URL: publicUrl,
  IDEM_TEMPORAL_UI_URL: temporalUiUrl,
  IDEM_WEBHOOK_SECRET: webhookSecret,
  IDEM_ENCRYPTION_KEYS: encryptionKeys,
  IDEM_STORAGE: url,
  IDEM_RETENTION: `${retentionMs / 1000}s`,
  IDEM_BUNDLE: JSON.stringify(bundle),
  IDEM_MAX_RUNNING: `${options.limits?.maxRunning ?? 0}`,
  IDEM_MAX_COST: `${options.limits?.maxCost ?? 0}`,
  IDEM_MAX_UPLOAD_BYTES: `${options.limits?.maxUploadBytes ?? 0}`,
  IDEM_CORS_ORIGINS: (options.corsOrigins ?? []).join(),
  IDEM_LOG_LEVEL: 'error',
  IDEM_TOKENS: JSON.stringify({ tokens: options.tokens ?? [] }),
  ...env,
})

/** The app in a namespace of its own on the real server, with a real store, and workers that compute nothing. */
export const startApi = async (
  options: TestApiOptions = {},
  {
    workers: withWorkers = true,
    webhookFetch,
    ...doubles
  }: Omit<InstantWorkerOptions, 'client' | 'namespace' | 'keyRing' | 'store' | 'webhooks'> & {
    workers?: boolean
    /** Delivers webhooks by this. */
    webhookFetch?: GuardedFetch
  } = {},
) => {
  const { requestsPerMinute, tokens, temporalAway, keysApart = true, ...appOptions } = options
  const storage = await openTestStore({ keysApart })
  const store = createSealedStore(storage.plain, keyRing, { keys: storage.keys })
  const connection = await Connection.connect({ address: inject('temporalAddress') })
  const lost = Connection.lazy({ address: nowhere, connectTimeout: 500 })
  const namespace = temporalAway ? 'none' : await createNamespace(connection)
  const client = createTestClient(connection, namespace, keyRing)
  const errors: Error[] = []
  const orchestrator = createGrpcOrchestrator(temporalAway ? createTestClient(lost, namespace, keyRing) : client)
  const app = await createApp({
    orchestrator,
    store,
    published: createPublishedFiles(storage.plain),
    bundle,
    publicUrl,
    temporalUiUrl,
    urlSigningKeys,
    webhookSecrets: [webhookSecret],
    retentionMs,
    limits: {},
    onError: (error) => errors.push(error),
    ...(tokens && { access: { readTokens: async () => tokens, addressOf: () => testAddress } }),
    ...(requestsPerMinute && { rateLimiter: createMemoryRateLimiter(requestsPerMinute) }),
    ...appOptions,
  })
  // There is no edge without tokens: requests that send none are the local tenant's.
  const local = atEdge && !tokens ? await makeToken(localTenant, { scope: 'api' }) : undefined
  const edge = atEdge
    ? await startEdge({
        bindings: bindingsOf(namespace, storage, { ...options, ...(local && { tokens: [local.record] }) }),
        ...(requestsPerMinute && { requestsPerMinute }),
      })
    : undefined
  const { models = registeredModels } = options
  const webhooks = webhookFetch && {
    fetch: webhookFetch,
    secrets: [webhookSecret],
    loadPrediction: createLoadPrediction(orchestrator, { models, store, publicUrl, temporalUiUrl, urlSigningKeys }),
  }
  const workers =
    withWorkers && !temporalAway
      ? await runInstantWorkers({
          client,
          namespace,
          keyRing,
          store,
          retentionMs: options.retentionMs ?? retentionMs,
          ...doubles,
          ...(webhooks && { webhooks }),
        })
      : undefined

  const request = async (path: string, init?: RequestInit): Promise<Response> => {
    if (!edge) return app.request(path, init)
    const headers = new Headers(init?.headers)
    if (local && !headers.has('authorization')) headers.set('authorization', `Bearer ${local.token}`)
    return edge.request(path, { ...init, headers })
  }
  const post = (body: unknown, headers: Record<string, string> = {}, path = '/v1/models/idem/arc2face/predictions') =>
    request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  return {
    /** Of this process, also where requests go to the edge: for its routes. */
    app,
    client,
    orchestrator,
    connection,
    namespace,
    store,
    folder: storage.folder,
    errors: edge?.errors ?? errors,
    request,
    post,
    /** The JSON of an answer. */
    json: async <T = Prediction>(response: Response | Promise<Response>): Promise<T> => (await response).json() as T,
    stop: async () => {
      await edge?.stop()
      await workers?.stop()
      await Promise.all([connection.close(), lost.close()])
      await storage.close()
    },
  }
}

export type TestApi = Awaited<ReturnType<typeof startApi>>
