import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client'
import { defineSearchAttributeKey, type Payload, SearchAttributeType } from '@temporalio/common'
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js'
import proto from '@temporalio/proto'
import { allSettled } from '../../contracts/all-settled.ts'
import { erasureWorkflowId } from '../../contracts/erasure.ts'
import { type Queue, queues } from '../../contracts/queues.ts'
import type { PredictionRecord } from '../../contracts/record.ts'
import { webhookWorkflowId } from '../../contracts/webhooks.ts'
import { type Orchestrator, OrchestratorUnavailable } from '../orchestrator.ts'
import { codeOf, createCall, grpc, unavailable } from './grpc-call.ts'
import type { HistoryEvent } from './messages.ts'
import type { Memo } from './read-history.ts'
import { createReads } from './reads.ts'

const { HistoryEventFilterType, TaskQueueType } = proto.temporal.api.enums.v1

/** The server ends a long poll after some 20 s by itself. */
const longPollMs = 30_000
/** A worker that has not asked for work for so long is gone: polls last a minute. */
const pollerAgeMs = 90_000
/** How often a watched prediction is looked at: heartbeats make no event that could be waited for. */
const watchMs = { moving: 400, still: 2_000, stillAfter: 5_000 }

const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD)
const tenantKey = keyword('IdemTenant')
const modelKey = keyword('IdemModel')
const statusKey = keyword('IdemStatus')

/** Temporal over gRPC. */
export const createGrpcOrchestrator = (client: Client): Orchestrator => {
  const { connection, options } = client
  const { namespace, loadedDataConverter } = options
  const service = connection.workflowService
  const call = createCall(connection)

  const describe = (id: string) => service.describeWorkflowExecution({ namespace, execution: { workflowId: id } })

  const fetchHistory = async (id: string, runId?: string | null): Promise<HistoryEvent[]> => {
    const events: HistoryEvent[] = []
    let nextPageToken: Uint8Array | undefined
    do {
      const page = await service.getWorkflowExecutionHistory({
        namespace,
        execution: { workflowId: id, ...(runId && { runId }) },
        ...(nextPageToken && { nextPageToken }),
      })
      events.push(...(page.history?.events ?? []))
      nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined
    } while (nextPageToken)
    return events
  }

  /** Undefined where the server has nothing by that name. */
  const known = async <T>(what: string, run: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await call(what, run)
    } catch (error) {
      if (codeOf(error) === grpc.notFound) return undefined
      throw error
    }
  }

  const { toRecord, ...reads } = createReads({
    namespace,
    decode: (payloads) => decodeArrayFromPayloads(loadedDataConverter, payloads as Payload[] | null | undefined),
    call,
    known,
    describe,
    fetchHistory,
    count: async (query) => Number((await service.countWorkflowExecutions({ namespace, query })).count ?? 0),
    list: (query, { size, token }) =>
      service.listWorkflowExecutions({
        namespace,
        query,
        pageSize: size,
        ...(token && { nextPageToken: token as Uint8Array }),
      }),
  })

  async function* watch(id: string, signal: AbortSignal): AsyncGenerator<PredictionRecord> {
    let seen = ''
    let length = ''
    let events: HistoryEvent[] = []
    let changedAt = performance.now()
    while (!signal.aborted) {
      const record = await known('say how the prediction stands', async () => {
        const description = await describe(id)
        const { historyLength } = description.workflowExecutionInfo ?? {}
        const pending = (description.pendingActivities ?? []).map(({ state, attempt, heartbeatDetails }) => [
          state,
          attempt,
          heartbeatDetails?.payloads?.map(({ data }) => Buffer.from(data ?? []).toString('base64')),
        ])
        const now = JSON.stringify([historyLength, pending])
        if (now === seen) return 'same'
        if (length !== String(historyLength)) events = await fetchHistory(id)
        length = String(historyLength)
        seen = now
        return toRecord(description, events)
      })
      if (!record) return
      if (record !== 'same') {
        changedAt = performance.now()
        yield record
        if (record.state !== 'running') return
      }
      const still = performance.now() - changedAt > watchMs.stillAfter
      await pause(still ? watchMs.still : watchMs.moving, signal)
    }
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
              { key: statusKey, value: 'starting' },
            ],
            // Steps inherit it: one tenant's thousand predictions leave room for another's one.
            priority: { fairnessKey: tenant },
            staticSummary: summary,
            staticDetails: details,
          })
          return 'started'
        } catch (error) {
          if (error instanceof WorkflowExecutionAlreadyStartedError) return 'exists'
          throw error
        }
      }),

    ...reads,
    watch,

    waitForEnd: async (id, timeoutMs, signal) => {
      // The server answers at once when a call's deadline is near: the end of the wait is ours, not the call's.
      const over = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])])
      let nextPageToken: Uint8Array | undefined
      while (!over.aborted) {
        try {
          const poll = () =>
            service.getWorkflowExecutionHistory({
              namespace,
              execution: { workflowId: id },
              waitNewEvent: true,
              historyEventFilterType: HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
              ...(nextPageToken && { nextPageToken }),
            })
          const timed = () => connection.withDeadline(Date.now() + longPollMs, poll)
          const page = await connection.withAbortSignal(over, timed)
          if (page.history?.events?.length) return true
          nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined
        } catch (error) {
          const code = codeOf(error)
          if (code === grpc.deadlineExceeded) nextPageToken = undefined
          else if (code === grpc.cancelled && over.aborted) return false
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

    redeliver: (id, url) =>
      call('start the delivery', async () => {
        try {
          await client.workflow.start('deliverWebhook', {
            workflowId: webhookWorkflowId(id),
            taskQueue: queues.control,
            args: [{ predictionId: id, url, events: ['completed'], pending: [['completed', 1]] }],
            workflowIdReusePolicy: 'ALLOW_DUPLICATE',
            workflowIdConflictPolicy: 'FAIL',
            staticSummary: 'Webhook of a prediction, once more',
          })
          return 'started'
        } catch (error) {
          if (error instanceof WorkflowExecutionAlreadyStartedError) return 'running'
          throw error
        }
      }),

    erase: (id, tenant) =>
      call('start the erasure', async () => {
        try {
          await client.workflow.start('erasePrediction', {
            workflowId: erasureWorkflowId(id),
            taskQueue: queues.control,
            args: [{ predictionId: id }],
            workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
            workflowIdConflictPolicy: 'FAIL',
            memo: { tenant },
            typedSearchAttributes: [{ key: tenantKey, value: tenant }],
            staticSummary: 'Erase a prediction',
          })
        } catch (error) {
          if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
        }
      }),

    unpolledQueues: () =>
      call('describe its task queues', async () => {
        const names = Object.keys(queues) as Queue[]
        const asked = names.map(async (name) => {
          const { pollers } = await service.describeTaskQueue({
            namespace,
            taskQueue: { name: queues[name] },
            taskQueueType:
              name === 'control' ? TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW : TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
          })
          const oldest = Date.now() - pollerAgeMs
          return pollers?.some(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 > oldest)
        })
        const polled = await allSettled(asked)
        return names.filter((_, index) => !polled[index])
      }),

    ping: () => call('answer', async () => void (await service.describeNamespace({ namespace }))),
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
