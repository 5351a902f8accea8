import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import { promisify } from 'node:util'
import { Hono } from 'hono'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Problem } from '../../../api/problem.ts'
import { readObservabilityConfig } from '../../../telemetry/config.ts'
import { failureOf } from '../../../telemetry/failure-label.ts'
import { traceRequests } from '../../../telemetry/http-tracing.ts'
import { observeWorkers } from '../../../telemetry/observe-workers.ts'
import { openTracing } from '../../../telemetry/open-tracing.ts'
import { serveMetrics } from '../../../telemetry/serve-metrics.ts'
import { formatTraceparent, parseTraceparent } from '../../../telemetry/traceparent.ts'
import { createTracing } from '../../../telemetry/tracing.ts'
import { listenOnLoopback } from '../../support/listen-on-loopback.ts'
import { type Collector, startCollector } from '../../support/otlp-collector.ts'

const run = promisify(execFile)
const tsx = import.meta.resolve('tsx')
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

let collector: Collector | undefined
afterEach(async () => {
  await collector?.close()
  collector = undefined
})
const openTraces = async (ratio: number) => {
  collector = await startCollector()
  return createTracing({ url: `${collector.url}/v1/traces`, serviceName: 'test', ratio })
}

describe('what nobody asks for', () => {
  it('is off', async () => {
    expect(readObservabilityConfig('api', {})).toEqual({})
    expect(readObservabilityConfig('api', { IDEM_METRICS_PORT: '0', OTEL_EXPORTER_OTLP_ENDPOINT: '' })).toEqual({})
    expect(await openTracing(undefined)).toBeUndefined()
    expect(observeWorkers({})).toBeUndefined()
    const problem = await new Problem(404, 'Nothing').toResponse(undefined).json()
    expect(problem).toEqual({ type: 'about:blank', title: 'Not found', status: 404, detail: 'Nothing' })
  })

  it('is not even loaded', async () => {
    const code = (config: string) => `
      import { createRequire } from 'node:module'
      import { observeApi } from './telemetry/observe-api.ts'
      import './telemetry/observe-workers.ts'
      const observer = await observeApi(${config})
      const loaded = Object.keys(createRequire(import.meta.url).cache)
      console.log(loaded.filter((path) => /@opentelemetry|prom-client/.test(path)).length)
      await observer.close()`
    const loaded = async (config: string) => {
      const args = ['--import', tsx, '--input-type=module', '--eval', code(config)]
      return Number((await run(process.execPath, args)).stdout)
    }
    expect(await loaded('{}')).toBe(0)
    const url = 'http://127.0.0.1:9/v1/traces'
    expect(await loaded(`{ traces: { url: '${url}', serviceName: 'x', ratio: 1 } }`)).toBeGreaterThan(0)
  })
})

describe('the configuration', () => {
  it('takes a port, a host and an endpoint', () => {
    const env = { IDEM_METRICS_PORT: '9464', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' }
    expect(readObservabilityConfig('worker', env)).toEqual({
      metrics: { host: '127.0.0.1', port: 9464 },
      traces: { url: 'http://collector:4318/v1/traces', serviceName: 'idem-worker', ratio: 1 },
    })
    const more = { IDEM_METRICS_HOST: '0.0.0.0', OTEL_SERVICE_NAME: 'faces' }
    const sampler = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' }
    expect(readObservabilityConfig('worker', { ...env, ...more, ...sampler })).toMatchObject({
      metrics: { host: '0.0.0.0' },
      traces: { serviceName: 'faces', ratio: 0.25 },
    })
  })

  it.each([
    { IDEM_METRICS_PORT: 'many' },
    { IDEM_METRICS_PORT: '70000' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_TRACES_SAMPLER: 'jaeger_remote' },
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c',
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '2',
    },
  ])('refuses %o, by the name of the variable', (env) => {
    expect(() => readObservabilityConfig('api', env)).toThrow(Object.keys(env).at(-1))
  })
})

describe('traceparent', () => {
  it('is read as it is written', () => {
    expect(formatTraceparent(parseTraceparent(traceparent)!)).toBe(traceparent)
    expect(parseTraceparent(traceparent.replace(/1$/, '0'))?.traceFlags).toBe(0)
  })

  it.each([
    undefined,
    '',
    7,
    'nonsense',
    traceparent.toUpperCase(),
    traceparent.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32)),
    traceparent.replace('b7ad6b7169203331', '0'.repeat(16)),
    `${traceparent}-more`,
  ])('is nothing where it says %s', (text) => {
    expect(parseTraceparent(text)).toBeUndefined()
  })
})

describe('spans of requests', () => {
  it('are named for routes, and end as errors where we fail', async () => {
    const tracing = await openTraces(1)
    const app = new Hono()
    app.use(traceRequests(tracing))
    app.get('/things/:id', (c) => c.text(tracing.active()!.traceId))
    app.get('/broken', () => {
      throw new Error('of a person')
    })
    app.onError((_, c) => c.text(tracing.active()!.traceId, 500))
    const first = await (await app.request('/things/secret-id?token=secret')).text()
    const broken = await (await app.request('/broken', { headers: { traceparent } })).text()
    expect(first).not.toBe(broken)
    expect(broken).toBe(parseTraceparent(traceparent)!.traceId)
    expect(tracing.active()).toBeUndefined()
    await tracing.close()
    const spans = collector!.spans
    expect(spans.map(({ name, traceId }) => [name, traceId])).toEqual([
      ['GET /things/:id', first],
      ['GET /broken', broken],
    ])
    expect(spans.map(({ status }) => status.code ?? 0)).toEqual([0, 2])
    expect(collector!.bodies.join()).not.toMatch(/secret|person/)
  })

  it('are left out by the ratio, but for callers who keep theirs', async () => {
    const tracing = await openTraces(0)
    const app = new Hono()
    app.use(traceRequests(tracing))
    app.get('/', (c) => c.text('fine'))
    await app.request('/')
    await app.request('/', { headers: { traceparent } })
    await tracing.close()
    expect(collector!.spans.map(({ parentSpanId }) => parentSpanId)).toEqual(['b7ad6b7169203331'])
  })

  it('hold nobody up where the collector does not answer', async () => {
    // Takes connections and says nothing.
    const silent = createServer(() => undefined)
    const port = await listenOnLoopback(silent)
    const tracing = createTracing({ url: `http://127.0.0.1:${port}/v1/traces`, serviceName: 'test', ratio: 1 })
    expect(await tracing.span('work', { kind: 'INTERNAL' }, async () => 'done')).toBe('done')
    await tracing.close()
    silent.closeAllConnections()
    silent.close()
  })
})

describe('the labels of failures', () => {
  it('are our own words, whatever is thrown', () => {
    expect(failureOf(Object.assign(new Error('x'), { type: 'no_face' }))).toBe('no_face')
    expect(failureOf(Object.assign(new Error('x'), { type: 'https://example.com/a' }))).toBe('internal')
    expect(failureOf(Object.assign(new Error('x'), { name: 'AbortError' }))).toBe('canceled')
    expect(failureOf('a string')).toBe('internal')
    expect(failureOf(undefined)).toBe('internal')
  })
})

describe('the port of metrics', () => {
  it('says which variable it came from where it is taken', async () => {
    const taken = createServer()
    const port = await listenOnLoopback(taken)
    const render = vi.fn(async () => '')
    await expect(serveMetrics({ host: '127.0.0.1', port }, render)).rejects.toThrow('IDEM_METRICS_PORT')
    taken.close()
  })
})
