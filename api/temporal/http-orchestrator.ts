import type { PayloadCodec } from '@temporalio/common'
import { erasureWorkflowId } from '../../contracts/erasure.ts'
import { type Queue, queues } from '../../contracts/queues.ts'
import { webhookWorkflowId } from '../../contracts/webhooks.ts'
import { type Orchestrator, OrchestratorUnavailable } from '../orchestrator.ts'
import { createTemporalHttp, isAlreadyStarted, isNotFound, type TemporalHttpOptions } from './http-call.ts'
import { createHttpWatch, type HistoryPage } from './http-watch.ts'
import { type Description, type HistoryEvent, type Time, toDate } from './messages.ts'
import { createPayloads, keywordPayload } from './payloads.ts'
import type { Memo } from './read-history.ts'
import { createReads, type ExecutionPage } from './reads.ts'

/** The server ends a long poll after 20 s by itself. */
const longPollMs = 30_000
/** A worker that has not asked for work for so long is gone: polls last a minute. */
const pollerAgeMs = 90_000

interface WorkflowStartOptions {
  type: string
  id: string
  input: unknown
  reuse: 'REJECT_DUPLICATE' | 'ALLOW_DUPLICATE' | 'ALLOW_DUPLICATE_FAILED_ONLY'
  summary: string
  details?: string
  memo?: Record<string, unknown>
  keywords?: Record<string, string>
  fairnessKey?: string
}

/** Temporal over its HTTP API: for runtimes that have `fetch` and no gRPC. */
export const createHttpOrchestrator = ({
  codec,
  ...options
}: TemporalHttpOptions & { codec: PayloadCodec }): Orchestrator => {
  const { namespace } = options
  const request = createTemporalHttp(options)
  const { encode, decode } = createPayloads(codec)

  const call = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof OrchestratorUnavailable)) throw error
      throw new OrchestratorUnavailable(`Temporal did not ${what}`, { cause: error.cause })
    }
  }

  const known = async <T>(what: string, run: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await call(what, run)
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  const describe = (id: string, signal?: AbortSignal) =>
    request<Description>(['workflows', id], { ...(signal && { signal }) })

  const fetchHistory = async (id: string, runId?: string | null): Promise<HistoryEvent[]> => {
    const events: HistoryEvent[] = []
    let nextPageToken: string | null | undefined
    do {
      const query = { 'execution.runId': runId, nextPageToken }
      const page = await request<HistoryPage>(['workflows', id, 'history'], { query })
      events.push(...(page.history?.events ?? []))
      nextPageToken = page.nextPageToken
    } while (nextPageToken)
    return events
  }

  /** A page of history as soon as there is one; an empty one where the server has waited long enough. */
  const poll = async (id: string, query: Record<string, string | undefined>, signal: AbortSignal) =>
    request<HistoryPage>(['workflows', id, 'history'], {
      query: { ...query, waitNewEvent: true },
      signal,
      timeoutMs: longPollMs,
    })

  const startWorkflow = async ({
    type,
    id,
    input,
    reuse,
    ...more
  }: WorkflowStartOptions): Promise<'started' | 'exists'> => {
    const { summary, details, memo = {}, keywords = {}, fairnessKey } = more
    const names = Object.keys(memo)
    const [payload, summaryPayload, detailsPayload, ...values] = await encode([
      input,
      summary,
      details,
      ...names.map((name) => memo[name]),
    ])
    const body = {
      workflowType: { name: type },
      taskQueue: { name: queues.control },
      input: { payloads: [payload] },
      identity: 'idem-api',
      // The same for every try, so that a second one is no second start.
      requestId: crypto.randomUUID(),
      workflowIdReusePolicy: `WORKFLOW_ID_REUSE_POLICY_${reuse}`,
      workflowIdConflictPolicy: 'WORKFLOW_ID_CONFLICT_POLICY_FAIL',
      memo: { fields: Object.fromEntries(names.map((name, index) => [name, values[index]])) },
      searchAttributes: {
        indexedFields: Object.fromEntries(
          Object.entries(keywords).map(([name, value]) => [name, keywordPayload(value)]),
        ),
      },
      ...(fairnessKey && { priority: { fairnessKey } }),
      userMetadata: { summary: summaryPayload, ...(details && { details: detailsPayload }) },
    }
    try {
      await request(['workflows', id], { body })
      return 'started'
    } catch (error) {
      if (isAlreadyStarted(error)) return 'exists'
      throw error
    }
  }

  const { toRecord, ...reads } = createReads({
    namespace,
    decode,
    call,
    known,
    describe: (id) => describe(id),
    fetchHistory,
    count: async (query) =>
      Number((await request<{ count?: string }>(['workflow-count'], { query: { query } })).count ?? 0),
    list: (query, { size, token }) =>
      request<ExecutionPage>(['workflows'], { query: { query, pageSize: size, nextPageToken: token as string } }),
  })

  return {
    ...reads,

    start: ({ start, tenant, model, version, requestHash, summary, details }) =>
      call('start the prediction', () =>
        startWorkflow({
          type: start.workflow,
          id: start.input.predictionId,
          input: start.input,
          reuse: 'REJECT_DUPLICATE',
          memo: { tenant, model, version, requestHash } satisfies Memo,
          keywords: { IdemTenant: tenant, IdemModel: model, IdemStatus: 'starting' },
          // Steps inherit it: one tenant's thousand predictions leave room for another's one.
          fairnessKey: tenant,
          summary,
          details,
        }),
      ),

    watch: createHttpWatch({
      describe,
      toRecord,
      waitForEvents: (id, nextPageToken, signal) => poll(id, { nextPageToken }, signal),
    }),

    waitForEnd: async (id, timeoutMs, signal) => {
      const over = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])])
      let nextPageToken: string | undefined
      while (!over.aborted) {
        try {
          const query = { historyEventFilterType: 'HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT', nextPageToken }
          const page = await poll(id, query, over)
          if (page.history?.events?.length) return true
          nextPageToken = page.nextPageToken || undefined
        } catch (error) {
          if (!over.aborted) throw error
        }
      }
      return false
    },

    // Nothing to do where it has ended, or is not there.
    cancel: async (id) => {
      await known('cancel the prediction', () => request(['workflows', id, 'cancel'], { body: {} }))
    },

    redeliver: (id, url) =>
      call('start the delivery', async () => {
        const answer = await startWorkflow({
          type: 'deliverWebhook',
          id: webhookWorkflowId(id),
          input: { predictionId: id, url, events: ['completed'], pending: [['completed', 1]] },
          reuse: 'ALLOW_DUPLICATE',
          summary: 'Webhook of a prediction, once more',
        })
        return answer === 'started' ? 'started' : 'running'
      }),

    erase: (id, tenant) =>
      call('start the erasure', async () => {
        await startWorkflow({
          type: 'erasePrediction',
          id: erasureWorkflowId(id),
          input: { predictionId: id },
          reuse: 'ALLOW_DUPLICATE_FAILED_ONLY',
          memo: { tenant },
          keywords: { IdemTenant: tenant },
          summary: 'Erase a prediction',
        })
      }),

    unpolledQueues: () =>
      call('describe its task queues', async () => {
        const names = Object.keys(queues) as Queue[]
        const polled = await Promise.all(
          names.map(async (name) => {
            const taskQueueType = name === 'control' ? 'TASK_QUEUE_TYPE_WORKFLOW' : 'TASK_QUEUE_TYPE_ACTIVITY'
            const { pollers } = await request<{ pollers?: { lastAccessTime?: Time }[] }>(
              ['task-queues', queues[name]],
              {
                query: { taskQueueType },
              },
            )
            const oldest = Date.now() - pollerAgeMs
            return pollers?.some(({ lastAccessTime }) => Number(toDate(lastAccessTime) ?? 0) > oldest)
          }),
        )
        return names.filter((_, index) => !polled[index])
      }),

    ping: () => call('answer', async () => void (await request([]))),
  }
}
