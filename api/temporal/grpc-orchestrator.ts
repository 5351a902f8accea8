import {
  type Client,
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client'
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'
import proto, { type temporal } from '@temporalio/proto'
import { queues } from '../../contracts/queues.ts'
import { type Orchestrator, OrchestratorUnavailable } from '../orchestrator.ts'
import { type Memo, readRecord } from './read-history.ts'

const { HistoryEventFilterType } = proto.temporal.api.enums.v1

// grpc-js status codes.
const grpc = { notFound: 5, deadlineExceeded: 4, resourceExhausted: 8, cancelled: 1, unavailable: 14 }
/** A call that takes longer counts as an outage: answers say so within two seconds. */
const callTimeoutMs = 1_500
/** The server ends a long poll after some 20 s by itself. */
const longPollMs = 15_000

const tenantKey = defineSearchAttributeKey('IdemTenant', SearchAttributeType.KEYWORD)
const modelKey = defineSearchAttributeKey('IdemModel', SearchAttributeType.KEYWORD)

const codeOf = (error: unknown): number | undefined => {
  for (let e = error; e instanceof Error; e = e.cause) if (isGrpcServiceError(e)) return e.code
  return undefined
}

const unavailable: ReadonlySet<number | undefined> = new Set([
  grpc.unavailable,
  grpc.deadlineExceeded,
  grpc.resourceExhausted,
  grpc.cancelled,
])

/** Waits for both also where one fails: a call that is left behind goes on retrying after its connection is closed. */
const both = async <A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> => {
  await Promise.allSettled([a, b])
  return Promise.all([a, b])
}

/** Temporal over gRPC. */
export const createGrpcOrchestrator = (client: Client): Orchestrator => {
  const { connection, options } = client
  const { namespace, loadedDataConverter } = options
  const service = connection.workflowService

  const call = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await connection.withDeadline(Date.now() + callTimeoutMs, run)
    } catch (error) {
      if (!unavailable.has(codeOf(error))) throw error
      throw new OrchestratorUnavailable(`Temporal did not ${what}`, { cause: error })
    }
  }

  const fetchHistory = async (id: string) => {
    const events: temporal.api.history.v1.IHistoryEvent[] = []
    let nextPageToken: Uint8Array | undefined
    do {
      const page = await service.getWorkflowExecutionHistory({
        namespace,
        execution: { workflowId: id },
        ...(nextPageToken && { nextPageToken }),
      })
      events.push(...(page.history?.events ?? []))
      nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined
    } while (nextPageToken)
    return events
  }

  return {
    start: ({ start, tenant, model, version, requestHash, summary, details }) =>
      call('start the prediction', async () => {
        try {
          await client.workflow.start(start.workflow, {
            workflowId: start.input.predictionId,
            taskQueue: queues.control,
            args: [start.input],
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            workflowIdConflictPolicy: 'FAIL',
            memo: { tenant, model, version, requestHash } satisfies Memo,
            typedSearchAttributes: [
              { key: tenantKey, value: tenant },
              { key: modelKey, value: model },
            ],
            staticSummary: summary,
            staticDetails: details,
          })
          return 'started'
        } catch (error) {
          if (error instanceof WorkflowExecutionAlreadyStartedError) return 'exists'
          throw error
        }
      }),

    read: (id) =>
      call('say how the prediction stands', async () => {
        try {
          const [description, events] = await both(
            service.describeWorkflowExecution({ namespace, execution: { workflowId: id } }),
            fetchHistory(id),
          )
          return await readRecord(loadedDataConverter, namespace, description, events)
        } catch (error) {
          if (codeOf(error) === grpc.notFound) return undefined
          throw error
        }
      }),

    waitForEnd: async (id, timeoutMs, signal) => {
      const deadline = Date.now() + timeoutMs
      let nextPageToken: Uint8Array | undefined
      while (Date.now() < deadline && !signal?.aborted) {
        try {
          const poll = () =>
            service.getWorkflowExecutionHistory({
              namespace,
              execution: { workflowId: id },
              waitNewEvent: true,
              historyEventFilterType: HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
              ...(nextPageToken && { nextPageToken }),
            })
          const timed = () => connection.withDeadline(Math.min(deadline, Date.now() + longPollMs), poll)
          const page = await (signal ? connection.withAbortSignal(signal, timed) : timed())
          if (page.history?.events?.length) return true
          nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined
        } catch (error) {
          const code = codeOf(error)
          if (code === grpc.deadlineExceeded) nextPageToken = undefined
          else if (code === grpc.cancelled && signal?.aborted) return false
          else if (unavailable.has(code)) throw new OrchestratorUnavailable('Temporal did not answer', { cause: error })
          else throw error
        }
      }
      return false
    },

    cancel: (id) =>
      call('cancel the prediction', async () => {
        try {
          await client.workflow.getHandle(id).cancel()
        } catch (error) {
          // Ended already.
          if (!(error instanceof WorkflowNotFoundError)) throw error
        }
      }),

    ping: () => call('answer', async () => void (await service.describeNamespace({ namespace }))),
  }
}
