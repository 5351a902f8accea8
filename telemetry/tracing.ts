import { AsyncLocalStorage } from 'node:async_hooks'
import { type Attributes, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  RandomIdGenerator,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { within } from '../lib/within.ts'
import type { TracesConfig } from './config.ts'
import type { TraceContext } from './traceparent.ts'

export interface SpanOptions {
  kind: keyof typeof SpanKind
  /** The parent span; the active span if omitted. */
  parent?: TraceContext | undefined
  /** Ids, names, numbers. No addresses, messages, tokens or anything of a person: spans leave the house. */
  attributes?: Attributes
}

/** The span that work runs in. */
export interface OpenSpan {
  rename(name: string): void
  set(attributes: Attributes): void
  /** Marks it as an error of that type. */
  fail(type: string): void
}

export interface FinishedSpan {
  name: string
  parent: TraceContext
  own: TraceContext
  startedAt: Date
  /** A failure's type, where it failed. */
  error?: string | undefined
  attributes: Attributes
}

/** Spans for an OpenTelemetry collector. */
export interface Tracing {
  /** Runs `work` in a span. What it throws ends the span as an error, with only its type: messages may hold anything. */
  span<T>(name: string, options: SpanOptions, work: (span: OpenSpan) => Promise<T>): Promise<T>
  /** Records a span that was measured elsewhere and has its own ids. */
  record(span: FinishedSpan): void
  /** Where the code that asks is; undefined outside of any span. */
  active(): TraceContext | undefined
  /** Sends what is left, for a few seconds at most. */
  close(): Promise<void>
}

const closeTimeoutMs = 3_000
const scope = 'idem'

/** Ids at random, but for the one span that has its own. */
const createIds = () => {
  const random = new RandomIdGenerator()
  let given: string | undefined
  return {
    generateTraceId: random.generateTraceId,
    generateSpanId: () => given ?? random.generateSpanId(),
    withSpanId: <T>(id: string, start: () => T): T => {
      given = id
      try {
        return start()
      } finally {
        given = undefined
      }
    },
  }
}

/** What kind of error it is; never its message. */
const errorType = (error: unknown): string => {
  const { type, name } = (error ?? {}) as { type?: unknown; name?: unknown }
  return [type, name].find((it): it is string => typeof it === 'string' && it !== '') ?? 'Error'
}

const fail = (span: Span, type: string) =>
  span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR })

const contextOf = (parent: TraceContext) => trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true })

export const createTracing = ({ url, serviceName, ratio }: TracesConfig): Tracing => {
  const ids = createIds()
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(detectResources({ detectors: [envDetector] }))
      .merge(resourceFromAttributes({ 'service.name': serviceName })),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    idGenerator: ids,
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url }), scheduledDelayMillis: 1_000 })],
  })
  const tracer = provider.getTracer(scope)
  const current = new AsyncLocalStorage<Span>()
  const active = (): TraceContext | undefined => {
    const { traceId, spanId, traceFlags } = current.getStore()?.spanContext() ?? {}
    return traceId && spanId ? { traceId, spanId, traceFlags: traceFlags ?? 0 } : undefined
  }

  return {
    active,
    span: (name, { kind, parent = active(), attributes = {} }, work) => {
      const options = { kind: SpanKind[kind], attributes }
      const span = tracer.startSpan(name, options, parent ? contextOf(parent) : ROOT_CONTEXT)
      return current.run(span, async () => {
        try {
          return await work({
            rename: (to) => span.updateName(to),
            set: (more) => span.setAttributes(more),
            fail: (type) => fail(span, type),
          })
        } catch (error) {
          fail(span, errorType(error))
          throw error
        } finally {
          span.end()
        }
      })
    },
    record: ({ name, parent, own, startedAt, error, attributes }) => {
      const span = ids.withSpanId(own.spanId, () =>
        tracer.startSpan(name, { startTime: startedAt, attributes }, contextOf(parent)),
      )
      if (error) fail(span, error)
      span.end()
    },
    close: async () => {
      const closed = provider.shutdown().catch(() => undefined)
      await within(closed, closeTimeoutMs, undefined)
    },
  }
}
