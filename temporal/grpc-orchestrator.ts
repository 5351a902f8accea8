import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client'
import { defineSearchAttributeKey, type Payload, SearchAttributeType } from '@temporalio/common'
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js'
import proto from '@temporalio/proto'
import { queues } from '../contracts/queues.ts'
import type { PredictionRecord } from '../contracts/record.ts'
import { sleep } from '../lib/sleep.ts'
import { undefinedIf } from '../lib/undefined-if.ts'
import { createCall, isNotFound, statusOf } from './grpc-call.ts'
import { fingerprint, type HistoryEvent } from './messages.ts'
import { type Orchestrator, OrchestratorUnavailable } from './orchestrator.ts'
import { contextOf } from './place.ts'
import type { ReadingOptions } from './read-service.ts'
import { createReads } from './reads.ts'
import { rpcStatus, saysUnavailable } from './rpc-status.ts'
import { createStarts, type WorkflowStartOptions } from './starts.ts'
import { createWaitForEnd, type PollEnd } from './wait-for-end.ts'

const { HistoryEventFilterType, TaskQueueType } = proto.temporal.api.enums.v1

/** The server ends a long poll after some 20 s by itself. */
const longPollMs = 30_000
/** How often a watched prediction is looked at: heartbeats make no event that could be waited for. */
const watchMs = { moving: 400, still: 2_000, stillAfter: 5_000 }

/** Temporal over gRPC. */
export const createGrpcOrchestrator = (
  client: Client,
  { accept = 'sealed', onForged }: ReadingOptions = {},
): Orchestrator => {
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

  /** Undefined if the server has nothing by that name. */
  const known = <T>(what: string, run: () => Promise<T>): Promise<T | undefined> =>
    undefinedIf(isNotFound, () => call(what, run))

  const { toRecord, ...reads } = createReads({
    namespace,
    acceptBare: accept !== 'sealed',
    ...(onForged && { onForged }),
    decode: (payloads, place) =>
      decodeArrayFromPayloads(
        loadedDataConverter,
        payloads as Payload[] | null | undefined,
        contextOf(namespace, place),
      ),
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
    pollers: async (queue, kind) =>
      (
        await service.describeTaskQueue({
          namespace,
          taskQueue: { name: queue },
          taskQueueType: TaskQueueType[`TASK_QUEUE_TYPE_${kind}`],
        })
      ).pollers,
  })

  const startWorkflow = async ({ type, id, queue = queues.control, input, reuse, ...more }: WorkflowStartOptions) => {
    const { summary, details, memo, keywords, fairnessKey } = more
    try {
      await client.workflow.start(type, {
        workflowId: id,
        taskQueue: queue,
        args: [input],
        workflowIdReusePolicy: reuse,
        workflowIdConflictPolicy: 'FAIL',
        ...(memo && { memo }),
        ...(keywords && {
          typedSearchAttributes: Object.entries(keywords).map(([name, value]) => ({
            key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
            value,
          })),
        }),
        ...(fairnessKey && { priority: { fairnessKey } }),
        staticSummary: summary,
        ...(details && { staticDetails: details }),
      })
      return 'started'
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return 'exists'
      throw error
    }
  }

  const pollEnd: PollEnd = async (id, token, signal) => {
    const poll = () =>
      service.getWorkflowExecutionHistory({
        namespace,
        execution: { workflowId: id },
        waitNewEvent: true,
        historyEventFilterType: HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
        ...(token && { nextPageToken: token as Uint8Array }),
      })
    try {
      return await connection.withAbortSignal(signal, () => connection.withDeadline(Date.now() + longPollMs, poll))
    } catch (error) {
      const status = statusOf(error)
      if (status === rpcStatus.deadlineExceeded || (status === rpcStatus.cancelled && signal.aborted)) return {}
      if (saysUnavailable(status)) throw new OrchestratorUnavailable('Temporal did not answer', { cause: error })
      throw error
    }
  }

  async function* watch(id: string, signal: AbortSignal): AsyncGenerator<PredictionRecord> {
    let seen = ''
    let length = ''
    let events: HistoryEvent[] = []
    let changedAt = performance.now()
    while (!signal.aborted) {
      const record = await known('say how the prediction stands', async () => {
        const description = await describe(id)
        const now = fingerprint(description)
        if (now === seen) return 'same'
        const historyLength = String(description.workflowExecutionInfo?.historyLength)
        if (length !== historyLength) events = await fetchHistory(id)
        length = historyLength
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
      await sleep(still ? watchMs.still : watchMs.moving, signal)
    }
  }

  return {
    ...reads,
    ...createStarts({ call, startWorkflow }),
    watch,

    waitForEnd: createWaitForEnd(pollEnd),

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
