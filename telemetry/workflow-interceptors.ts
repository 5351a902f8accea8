import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'
import {
  ActivityFailure,
  ApplicationFailure,
  ContinueAsNew,
  isCancellation,
  proxySinks,
  type Sinks,
  type WorkflowInterceptors,
  workflowInfo,
} from '@temporalio/workflow'
import { readTraceHeader, withTraceHeader } from './trace-header.ts'
import type { TraceContext } from './traceparent.ts'

// Runs in workflows, beside them: it makes no command, draws no random number and waits for nothing before the work ends,
// so that metrics and traces may be turned on and off while predictions are under way.

/** What is reported about a workflow when it ends. */
export interface EndedWorkflow {
  outcome: 'succeeded' | 'failed' | 'canceled' | 'continued'
  /** Type of the failure, where it failed. */
  failure?: string
  /** Of a prediction: owner/name, and the type of the failure as the prediction shows it. */
  model?: string
  trace?: { parent: TraceContext; own: TraceContext }
}

export interface ObserverSinks extends Sinks {
  observer: { ended(workflow: EndedWorkflow): void }
}

const { observer } = proxySinks<ObserverSinks>()
const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD)
const modelKey = keyword('IdemModel')
const statusKey = keyword('IdemStatus')
const failureKey = keyword('IdemFailure')

/** A span's id must be the same in every replay, and another for every run: the random half of the run's UUID. */
const spanIdOf = (runId: string): string => runId.replaceAll('-', '').slice(16)

const failureOf = (error: unknown): string => {
  const cause = error instanceof ActivityFailure ? error.cause : error
  return (cause instanceof ApplicationFailure && cause.type) || 'internal'
}

const describeEnd = (error: unknown): Pick<EndedWorkflow, 'outcome' | 'failure' | 'model'> => {
  if (error instanceof ContinueAsNew) return { outcome: 'continued' }
  const attributes = workflowInfo().typedSearchAttributes
  const model = attributes.get(modelKey)
  // A prediction says itself how it has ended, in what its list shows.
  const status = attributes.get(statusKey)
  const failure = attributes.get(failureKey)
  if (model && (status === 'succeeded' || status === 'failed' || status === 'canceled')) {
    return { outcome: status, model, ...(failure && { failure }) }
  }
  const about = model ? { model } : {}
  if (error === undefined) return { outcome: 'succeeded', ...about }
  return isCancellation(error)
    ? { outcome: 'canceled', ...about }
    : { outcome: 'failed', failure: failureOf(error), ...about }
}

export const interceptors = (): WorkflowInterceptors => {
  let parent: TraceContext | undefined
  let own: TraceContext | undefined
  const pass = <I extends { readonly headers: Parameters<typeof withTraceHeader>[0] }>(input: I): I => ({
    ...input,
    headers: withTraceHeader(input.headers, own),
  })
  const end = (error?: unknown) =>
    observer.ended({ ...describeEnd(error), ...(parent && own && { trace: { parent, own } }) })

  return {
    inbound: [
      {
        execute: async (input, next) => {
          parent = readTraceHeader(input.headers)
          own = parent && { ...parent, spanId: spanIdOf(workflowInfo().runId) }
          let result: unknown
          try {
            result = await next(input)
          } catch (error) {
            end(error)
            throw error
          }
          end()
          return result
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next(pass(input)),
        scheduleLocalActivity: (input, next) => next(pass(input)),
        startChildWorkflowExecution: (input, next) => next(pass(input)),
        signalWorkflow: (input, next) => next(pass(input)),
        // The next run hangs where this one did.
        continueAsNew: (input, next) => next({ ...input, headers: withTraceHeader(input.headers, parent) }),
        getLogAttributes: (input, next) => next(own ? { ...input, trace_id: own.traceId } : input),
      },
    ],
  }
}
