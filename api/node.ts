import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { Client, Connection } from '@temporalio/client'
import { close } from '../lib/listen.ts'
import { createLog } from '../lib/log.ts'
import { isLoopback } from '../lib/loopback.ts'
import { runCommand } from '../lib/run-command.ts'
import { readStorageConfig } from '../storage/config.ts'
import { readObservabilityConfig } from '../telemetry/config.ts'
import { observeApi } from '../telemetry/observe-api.ts'
import { createDataConverter } from '../temporal/data-converter.ts'
import { createGrpcOrchestrator } from '../temporal/grpc-orchestrator.ts'
import { createApp } from './app.ts'
import { openCodecServer } from './codec-server.ts'
import { readApiConfig, readTemporalConfig } from './config.ts'
import { forgedWorkflow } from './forged-workflow.ts'
import { createMemoryRateLimiter } from './middleware/memory-rate-limiter.ts'
import { openPageFiles } from './page-files.ts'
import { nodeAddressOf, serveApp } from './serve-app.ts'
import { readTokenFile, watchTokenFile } from './token-file.ts'

const closeTimeoutMs = 5_000

const viewerFolder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
const readViewerFile = async (name: string) => new Uint8Array(await readFile(join(viewerFolder, name)))

const help = `Runs the HTTP API until it is stopped. Environment variables configure it: see docs/configuration.md.

  npm run api
  IDEM_TOKENS=.idem/tokens.json IDEM_HOST=0.0.0.0 npm run api

Without IDEM_TOKENS it listens on loopback only. On SIGTERM or SIGINT it answers open requests, then exits with code 0.`

await runCommand(help, async () => {
  // Rejects all options.
  parseArgs({ options: {} })
  const config = await readApiConfig()
  if (!config.tokens && !isLoopback(config.host)) {
    throw new Error(
      `Without tokens the API can only listen on loopback, but IDEM_HOST is ${config.host}. Set IDEM_TOKENS: see npm run tokens -- --help`,
    )
  }
  const log = createLog({ level: config.logLevel, name: 'api' })
  const observer = await observeApi(readObservabilityConfig('api'))
  // Fails at once if the file is malformed.
  if (config.tokens) await readTokenFile(config.tokens)
  const readTokens = config.tokens
    ? watchTokenFile(config.tokens, (error) =>
        log.error({ err: error }, 'Cannot read the tokens: all requests are refused'),
      )
    : undefined
  const { keyRing, ...storage } = await readStorageConfig()
  const { connectionOptions, namespace } = readTemporalConfig()
  // Lazy: the API answers 503 while Temporal is unavailable, and recovers by itself.
  const connection = Connection.lazy(connectionOptions)
  const dataConverter = createDataConverter(keyRing, { namespace, accept: config.accept })
  const client = new Client({ connection, namespace, dataConverter, ...observer.clientOptions })
  const app = await createApp({
    ...storage,
    ...observer.appOptions,
    store: observer.store(storage.store),
    published: observer.published(storage.published),
    orchestrator: createGrpcOrchestrator(client, {
      accept: config.accept,
      onForged: (predictionId, error) => log.error({ predictionId, err: error }, forgedWorkflow),
    }),
    bundle: config.bundle,
    temporalUiUrl: config.temporalUiUrl,
    ...(readTokens && { access: { readTokens, addressOf: nodeAddressOf(config.trustedProxies) } }),
    rateLimiter: createMemoryRateLimiter(config.requestsPerMinute),
    limits: config.limits,
    corsOrigins: config.corsOrigins,
    readyQueues: config.readyQueues,
    readViewerFile,
    pageFiles: await openPageFiles(),
    codec: openCodecServer({ ...config, keyRing, readTokens }),
    onError: (error, requestId) => log.error({ requestId, trace_id: observer.traceId(), err: error }, 'request failed'),
    onRequest: (request) => {
      observer.count(request)
      log.info({ ...request, trace_id: observer.traceId() }, 'request')
    },
  })

  const server = await serveApp(app, config)
  console.log(`ready: api on ${storage.publicUrl}`)

  // 'disconnect': the parent process has died.
  await Promise.race(['SIGTERM', 'SIGINT', 'disconnect'].map((event) => once(process, event)))
  await close(server, closeTimeoutMs)
  await connection.close()
  await observer.close()
  if (process.connected) process.disconnect()
})
