import { allSettled } from '../../contracts/all-settled.ts'
import { type ErasureReceipt, erasureWorkflowId } from '../../contracts/erasure.ts'
import { type Queue, queues } from '../../contracts/queues.ts'
import type { PredictionRecord } from '../../contracts/record.ts'
import { remember } from '../../contracts/remember.ts'
import type { Orchestrator } from '../orchestrator.ts'
import { createListPredictions } from './list-predictions.ts'
import { type Decode, type Description, type ExecutionInfo, type HistoryEvent, type Time, toDate } from './messages.ts'
import { readMemo, readRecord } from './read-history.ts'

/** Temporal's calls that read, over whatever transport. */
export interface ReadService {
  readonly namespace: string
  readonly decode: Decode
  /** Runs calls; throws `OrchestratorUnavailable` where the server did not do `what`. */
  call<T>(what: string, run: () => Promise<T>): Promise<T>
  /** The same; undefined where the server has nothing by that name. */
  known<T>(what: string, run: () => Promise<T>): Promise<T | undefined>
  describe(id: string): Promise<Description>
  /** All events of the execution, or of one of its runs. */
  fetchHistory(id: string, runId?: string | null): Promise<HistoryEvent[]>
  count(query: string): Promise<number>
  list(query: string, page: { size: number; token?: string | Uint8Array }): Promise<ExecutionPage>
  /** Who asks for tasks of a queue, those included that are gone since a few minutes. */
  pollers(
    queue: string,
    kind: 'WORKFLOW' | 'ACTIVITY',
  ): Promise<readonly { lastAccessTime?: Time }[] | null | undefined>
}

export interface ExecutionPage {
  executions?: readonly ExecutionInfo[] | null
  nextPageToken?: string | Uint8Array | null
}

/** A worker that has not asked for work for so long is gone: polls last a minute. */
const pollerAgeMs = 90_000
/** Ended predictions that are remembered; they do not change. */
const rememberedRecords = 2_000

/** What every gateway reads in the same way. */
export const createReads = (
  service: ReadService,
): Pick<Orchestrator, 'read' | 'list' | 'countRunning' | 'readErasure' | 'unpolledQueues'> & {
  toRecord(description: Description, events: readonly HistoryEvent[]): Promise<PredictionRecord>
} => {
  const { namespace, decode, call, known, describe, fetchHistory, count } = service

  const toRecord = (description: Description, events: readonly HistoryEvent[]) =>
    readRecord(decode, namespace, description, events)

  const read = (id: string): Promise<PredictionRecord | undefined> =>
    known('say how the prediction stands', async () => {
      const [description, events] = await allSettled([describe(id), fetchHistory(id)])
      return toRecord(description, events)
    })

  const ended = new Map<string, PredictionRecord>()
  const readEnded = async (info: ExecutionInfo) => {
    const { workflowId, runId } = info.execution ?? {}
    const remembered = ended.get(runId ?? '')
    if (remembered) return remembered
    const record = await known('give the history of a prediction', async () =>
      toRecord({ workflowExecutionInfo: info }, await fetchHistory(workflowId ?? '', runId)),
    )
    if (record && runId) remember(ended, runId, record, rememberedRecords)
    return record
  }

  return {
    toRecord,
    read,
    list: createListPredictions({ service, read, readEnded }),

    countRunning: (tenant) =>
      call('count predictions', () =>
        count(`IdemTenant = "${tenant}" AND ExecutionStatus = "Running" AND IdemModel IS NOT NULL`),
      ),

    readErasure: (id) =>
      known('say how the erasure stands', async () => {
        const workflowId = erasureWorkflowId(id)
        // Mostly there is none, which one call says.
        const description = await describe(workflowId)
        const events = await fetchHistory(workflowId)
        const memo = await readMemo(decode, description.workflowExecutionInfo?.memo)
        const completed = events.at(-1)?.workflowExecutionCompletedEventAttributes
        const [receipt] = completed ? ((await decode(completed.result?.payloads)) as [ErasureReceipt?]) : []
        return { tenant: String(memo?.tenant), ...(receipt && { receipt }) }
      }),

    unpolledQueues: () =>
      call('describe its task queues', async () => {
        const names = Object.keys(queues) as Queue[]
        const oldest = Date.now() - pollerAgeMs
        const polled = await allSettled(
          names.map(async (name) => {
            const pollers = await service.pollers(queues[name], name === 'control' ? 'WORKFLOW' : 'ACTIVITY')
            return pollers?.some(({ lastAccessTime }) => Number(toDate(lastAccessTime) ?? 0) > oldest)
          }),
        )
        return names.filter((_, index) => !polled[index])
      }),
  }
}
