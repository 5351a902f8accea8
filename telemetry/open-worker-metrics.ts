import { freePort } from '../lib/ports.ts'
import { readSdkMetrics, sdkTelemetry } from './sdk-metrics.ts'
import { serveMetrics } from './serve-metrics.ts'

/** Metrics of a worker process and, of the same address, those of Temporal's SDK; undefined where nobody asks for any. */
export const openWorkerMetrics = async (config: { host: string; port: number } | undefined) => {
  if (!config) return undefined
  const sdkPort = await freePort()
  const { createWorkerMetrics } = await import('./metrics.ts')
  const metrics = createWorkerMetrics()
  const render = async () => {
    const [own, sdk] = await Promise.all([metrics.register.metrics(), readSdkMetrics(sdkPort)])
    return `${own.trimEnd()}\n${sdk}`
  }
  const server = await serveMetrics(config, render)
  return { metrics, telemetryOptions: sdkTelemetry(sdkPort), close: server.close }
}
