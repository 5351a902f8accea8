import { parsePort } from '../lib/parse-port.ts'

export interface ObservabilityConfig {
  /** Where `GET /metrics` listens; absent where nobody asks for metrics. */
  metrics?: { host: string; port: number }
  traces?: TracesConfig
}

export interface TracesConfig {
  /** OTLP over HTTP; headers and timeouts are read from the environment by the exporter itself. */
  url: string
  serviceName: string
  /** Share of new traces that is kept, 0 to 1; what a caller began is kept as the caller says. */
  ratio: number
}

const samplers: Record<string, (ratio: number) => number> = {
  parentbased_always_on: () => 1,
  parentbased_always_off: () => 0,
  parentbased_traceidratio: (ratio) => ratio,
}

const parseRatio = ({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: text }: NodeJS.ProcessEnv): number => {
  const sampler = samplers[name || 'parentbased_always_on']
  if (!sampler) {
    throw new Error(`OTEL_TRACES_SAMPLER is ${JSON.stringify(name)}; use one of ${Object.keys(samplers).join(', ')}`)
  }
  const ratio = sampler(Number(text || 1))
  if (ratio >= 0 && ratio <= 1) return ratio
  throw new Error(`OTEL_TRACES_SAMPLER_ARG is ${JSON.stringify(text)}; use a number from 0 to 1`)
}

/** `of` is the process that reports: `api`, `worker`. */
export const readObservabilityConfig = (of: string, env = process.env): ObservabilityConfig => {
  const port = parsePort('IDEM_METRICS_PORT', env.IDEM_METRICS_PORT, 0, ', 0 for no metrics')
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT
  return {
    ...(port && { metrics: { host: env.IDEM_METRICS_HOST || '127.0.0.1', port } }),
    ...(endpoint && {
      traces: {
        url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
        serviceName: env.OTEL_SERVICE_NAME || `idem-${of}`,
        ratio: parseRatio(env),
      },
    }),
  }
}
