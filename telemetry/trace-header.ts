import { defaultPayloadConverter, type Headers } from '@temporalio/common'
import { formatTraceparent, parseTraceparent, type TraceContext } from './traceparent.ts'

// The header of Temporal's own interceptors for OpenTelemetry, so that clients in other languages join in. Unlike
// arguments and results, headers are not encrypted: this one holds only ids.
const name = '_tracer-data'

/** The trace that a workflow or an activity belongs to. Runs in workflows too. */
export const readTraceHeader = (headers: Headers): TraceContext | undefined => {
  const payload = headers[name]
  if (!payload) return undefined
  return parseTraceparent(defaultPayloadConverter.fromPayload<{ traceparent?: string }>(payload)?.traceparent)
}

export const withTraceHeader = (headers: Headers, context: TraceContext | undefined): Headers =>
  context
    ? { ...headers, [name]: defaultPayloadConverter.toPayload({ traceparent: formatTraceparent(context) }) }
    : headers
