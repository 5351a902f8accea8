import type { ActivityInterceptorsFactory } from '@temporalio/worker'
import type { GuardedFetch } from '../activities/shared/guarded-fetch.ts'
import { queueWaitSeconds } from './queue-wait.ts'
import { readTraceHeader } from './trace-header.ts'
import { formatTraceparent } from './traceparent.ts'
import type { Tracing } from './tracing.ts'

/** A span an attempt, in the trace of its workflow; none where that has none. */
export const traceActivities =
  (tracing: Tracing): ActivityInterceptorsFactory =>
  ({ info }) => ({
    inbound: {
      execute: (input, next) => {
        const parent = readTraceHeader(input.headers)
        if (!parent) return next(input)
        const attributes = {
          workflow_id: info.workflowExecution?.workflowId ?? '',
          run_id: info.workflowExecution?.runId ?? '',
          task_queue: info.taskQueue,
          attempt: info.attempt,
          queue_wait_seconds: queueWaitSeconds(info),
        }
        return tracing.span(`RunActivity:${info.activityType}`, { kind: 'INTERNAL', parent, attributes }, () =>
          next(input),
        )
      },
    },
    outbound: {
      getLogAttributes: (input, next) => {
        const context = tracing.active()
        return next(context ? { ...input, trace_id: context.traceId } : input)
      },
    },
  })

/** Webhooks carry the trace to their receivers, whose address stays out of it. */
export const traceWebhooks =
  (tracing: Tracing, fetch: GuardedFetch): GuardedFetch =>
  (url, request) => {
    if (!tracing.active()) return fetch(url, request)
    const method = request.method ?? 'GET'
    const attributes = { 'http.request.method': method }
    return tracing.span(`${method} webhook`, { kind: 'CLIENT', attributes }, async (span) => {
      const traceparent = formatTraceparent(tracing.active()!)
      const response = await fetch(url, { ...request, headers: { ...request.headers, traceparent } })
      const { status } = response
      span.set({ 'http.response.status_code': status })
      if (status >= 400) span.fail(`${status}`)
      return response
    })
  }
