import type { TracesConfig } from './config.ts'
import type { Tracing } from './tracing.ts'

/** OpenTelemetry is loaded where somebody collects, and nowhere else. */
export const openTracing = async (config: TracesConfig | undefined): Promise<Tracing | undefined> =>
  config && (await import('./tracing.ts')).createTracing(config)
