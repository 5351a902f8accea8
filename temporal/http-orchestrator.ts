import type { PayloadCodec } from '@temporalio/common'
import { queues } from '../contracts/queues.ts'
import { undefinedIf } from '../lib/undefined-if.ts'
import { createTemporalHttp, isAlreadyStarted, isNotFound, type TemporalHttpOptions } from './http-call.ts'
import { createHttpWatch, type HistoryPage } from './http-watch.ts'
import type { Description, HistoryEvent, Time } from './messages.ts'
import { type Orchestrator, OrchestratorUnavailable } from './orchestrator.ts'
import { createPayloads, keywordPayload } from './payloads.ts'
import type { ExecutionPage, ReadingOptions } from './read-service.ts'
import { createReads } from './reads.ts'
import { createStarts, type WorkflowStartOptions } from './starts.ts'
import { createWaitForEnd, type PollEnd } from './wait-for-end.ts'

/** The server ends a long poll after 20 s by itself. */
const longPollMs = 30_000
/** Temporal over its HTTP API: for runtimes that have `fetch` and no gRPC. */
export const createHttpOrchestrator = ({
  codec,
  accept = 'sealed',
  onForged,
  ...options
}: TemporalHttpOptions & ReadingOptions & { codec: PayloadCodec }): Orchestrator => {
  const { namespace } = options
  const request = createTemporalHttp(options)
  const { encode, decode } = createPayloads(codec, { namespace })

  const call = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof OrchestratorUnavailable)) throw error
      throw new OrchestratorUnavailable(`Temporal did not ${what}`, { cause: error.cause })
    }
  }

  const known = <T>(what: string, run: () => Promise<T>): Promise<T | undefined> =>
    undefinedIf(isNotFound, () => call(what, run))

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
    queue = queues.control,
    input,
    reuse,
    ...more
  }: WorkflowStartOptions): Promise<'started' | 'exists'> => {
    const { summary, details, memo = {}, keywords = {}, fairnessKey } = more
    const names = Object.keys(memo)
    const [payload, summaryPayload, detailsPayload, ...values] = await encode(
      [input, summary, details, ...names.map((name) => memo[name])],
      { workflowId: id },
    )
    const body = {
      workflowType: { name: type },
      taskQueue: { name: queue },
      input: { payloads: [payload] },
      identity: 'idem-api',
      // The same for every try, so that a retry does not start it twice.
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
    acceptBare: accept !== 'sealed',
    ...(onForged && { onForged }),
    decode,
    call,
    known,
    describe: (id) => describe(id),
    fetchHistory,
    count: async (query) =>
      Number((await request<{ count?: string }>(['workflow-count'], { query: { query } })).count ?? 0),
    list: (query, { size, token }) =>
      request<ExecutionPage>(['workflows'], { query: { query, pageSize: size, nextPageToken: token as string } }),
    pollers: async (queue, kind) => {
      const query = { taskQueueType: `TASK_QUEUE_TYPE_${kind}` }
      return (await request<{ pollers?: { lastAccessTime?: Time }[] }>(['task-queues', queue], { query })).pollers
    },
  })

  const pollEnd: PollEnd = async (id, token, signal) => {
    const filter = { historyEventFilterType: 'HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT' }
    try {
      return await poll(id, { ...filter, nextPageToken: token as string | undefined }, signal)
    } catch (error) {
      if (signal.aborted) return {}
      throw error
    }
  }

  return {
    ...reads,
    ...createStarts({ call, startWorkflow }),

    watch: createHttpWatch({
      describe,
      toRecord,
      waitForEvents: (id, nextPageToken, signal) => poll(id, { nextPageToken }, signal),
    }),

    waitForEnd: createWaitForEnd(pollEnd),

    // Nothing to do where it has ended, or is not there.
    cancel: async (id) => {
      await known('cancel the prediction', () => request(['workflows', id, 'cancel'], { body: {} }))
    },

    ping: () => call('answer', async () => void (await request([]))),
  }
}
