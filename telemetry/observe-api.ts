import type { ClientOptions } from '@temporalio/client'
import type { PublishedFiles } from '../storage/published-files.ts'
import type { SealedStore } from '../storage/sealed-store.ts'
import { traceWorkflowStarts } from './client-tracing.ts'
import type { ObservabilityConfig } from './config.ts'
import { traceRequests } from './http-tracing.ts'
import { measurePublished, measureStore } from './measure-store.ts'
import { openTracing } from './open-tracing.ts'
import { serveMetrics } from './serve-metrics.ts'

interface FinishedRequest {
  method: string
  route: string
  status: number
  ms: number
}

/** Where metrics and traces look into the API. Metrics have their own port, which is not the public one. */
export const observeApi = async (config: ObservabilityConfig) => {
  const metrics = config.metrics && (await import('./metrics.ts')).createApiMetrics()
  const server = config.metrics && (await serveMetrics(config.metrics, () => metrics!.register.metrics()))
  const tracing = await openTracing(config.traces)
  const traceId = () => tracing?.active()?.traceId
  const interceptors: ClientOptions['interceptors'] = tracing && { workflow: [traceWorkflowStarts(tracing)] }
  return {
    /** For the client of Temporal. */
    clientOptions: interceptors ? { interceptors } : {},
    /** For the app. */
    appOptions: tracing ? { tracing: { middleware: traceRequests(tracing), traceId } } : {},
    store: (store: SealedStore) => (metrics ? measureStore(store, metrics.storageBytes) : store),
    published: (files: PublishedFiles) => (metrics ? measurePublished(files, metrics.storageBytes) : files),
    count: ({ method, route, status, ms }: FinishedRequest) =>
      metrics?.requestSeconds.observe({ method, route, status }, ms / 1000),
    traceId,
    close: async () => {
      await server?.close()
      await tracing?.close()
    },
  }
}
