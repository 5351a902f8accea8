import { type ErasureReceipt, erasureWorkflowId } from '../contracts/erasure.ts'
import { type Queue, queues } from '../contracts/queues.ts'
import type { PredictionRecord } from '../contracts/record.ts'
import { allSettled } from '../lib/all-settled.ts'
import { remember } from '../lib/remember.ts'
import { createListPredictions } from './list-predictions.ts'
import { type Description, type ExecutionInfo, type HistoryEvent, toDate } from './messages.ts'
import type { Orchestrator } from './orchestrator.ts'
import { readMemo, readRecord } from './read-history.ts'
import type { ReadService } from './read-service.ts'

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
      const length = Number(description.workflowExecutionInfo?.historyLength ?? 0)
      // Read at the same time, the history may lack what the description knows already: how the prediction has ended.
      return toRecord(description, events.length < length ? await fetchHistory(id) : events)
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
