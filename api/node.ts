import { once } from 'node:events'
import { serve } from '@hono/node-server'
import { Client, Connection } from '@temporalio/client'
import { readStorageConfig } from '../storage/config.ts'
import { createApp } from './app.ts'
import { readApiConfig, readTemporalConfig } from './config.ts'
import { createGrpcOrchestrator } from './temporal/grpc-orchestrator.ts'

const loopback = new Set(['127.0.0.1', '::1', 'localhost'])
const closeTimeoutMs = 5_000

const main = async () => {
  const config = await readApiConfig()
  if (!loopback.has(config.host)) {
    throw new Error(`Without tokens the API listens on loopback only; IDEM_HOST is ${config.host}`)
  }
  const { store, publicUrl, urlSigningKey } = await readStorageConfig()
  const { connectionOptions, namespace } = readTemporalConfig()
  // Lazy: the API answers 503 while Temporal is away and recovers by itself.
  const connection = Connection.lazy(connectionOptions)
  const client = new Client({ connection, namespace })
  const app = createApp({
    orchestrator: createGrpcOrchestrator(client),
    store,
    model: config.model,
    publicUrl,
    temporalUiUrl: config.temporalUiUrl,
    urlSigningKey,
    onError: (error, requestId) => console.error(`request ${requestId} failed: ${error.message}`),
  })

  const server = serve({ fetch: app.fetch, hostname: config.host, port: config.port })
  await Promise.race([
    once(server, 'listening'),
    once(server, 'error').then(([error]) => {
      throw new Error(`Cannot listen on ${config.host}:${config.port}`, { cause: error })
    }),
  ])
  console.log(`ready: api on ${publicUrl}`)

  // The last one: started by a parent that has died.
  await Promise.race(['SIGTERM', 'SIGINT', 'disconnect'].map((event) => once(process, event)))
  const closed = once(server, 'close')
  server.close()
  const timer = setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), closeTimeoutMs)
  await closed
  clearTimeout(timer)
  await connection.close()
  if (process.connected) process.disconnect()
}

try {
  await main()
} catch (error) {
  console.error(`error: ${(error as Error).message}`)
  if ((error as Error).cause) console.error(`  because: ${((error as Error).cause as Error).message}`)
  process.exitCode = 1
}
