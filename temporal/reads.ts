import type { ErasureReceipt } from '../contracts/erasure.ts'
import { type Queue, queues } from '../contracts/queues.ts'
import type { PredictionRecord } from '../contracts/record.ts'
import { openFor } from '../contracts/sealed-value.ts'
import { erasureWorkflowId } from '../contracts/workflow-ids.ts'
import { allSettled } from '../lib/all-settled.ts'
import { saysForged } from '../lib/crypto/encryption-error.ts'
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
  const { acceptBare, decode, call, known, describe, fetchHistory, count, onForged } = service

  const toRecord = (description: Description, events: readonly HistoryEvent[]) =>
    readRecord(service, description, events)

  /** Undefined if what is read was not written by this service: nobody's prediction hides behind a forged one. */
  const unlessForged = async <T>(workflowId: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read()
    } catch (error) {
      if (!saysForged(error)) throw error
      onForged?.(workflowId, error)
      return undefined
    }
  }

  const read = (id: string): Promise<PredictionRecord | undefined> =>
    unlessForged(id, () =>
      known('say how the prediction stands', async () => {
        const [description, events] = await allSettled([describe(id), fetchHistory(id)])
        const length = Number(description.workflowExecutionInfo?.historyLength ?? 0)
        // Read at the same time, the history may lack what the description knows already: how the prediction has ended.
        return toRecord(description, events.length < length ? await fetchHistory(id) : events)
      }),
    )

  const ended = new Map<string, PredictionRecord>()
  const readEnded = async (info: ExecutionInfo) => {
    const { workflowId, runId } = info.execution ?? {}
    const remembered = ended.get(runId ?? '')
    if (remembered) return remembered
    const record = await unlessForged(workflowId ?? '', () =>
      known('give the history of a prediction', async () =>
        toRecord({ workflowExecutionInfo: info }, await fetchHistory(workflowId ?? '', runId)),
      ),
    )
    if (record && runId) remember(ended, runId, record, rememberedRecords)
    return record
  }

  return {
    toRecord,
    read,
    list: createListPredictions({ service, read, readEnded }),

    countRunning: (tenant, { except = [] } = {}) => {
      const others = except.length > 0 ? ` AND WorkflowId NOT IN (${except.map((id) => `"${id}"`).join(',')})` : ''
      const query = `IdemTenant = "${tenant}" AND ExecutionStatus = "Running" AND IdemModel IS NOT NULL${others}`
      return call('count predictions', () => count(query))
    },

    readErasure: (id) => {
      const workflowId = erasureWorkflowId(id)
      return unlessForged(workflowId, () =>
        known('say how the erasure stands', async () => {
          // Usually there is none, which one call tells.
          const { workflowExecutionInfo: info } = await describe(workflowId)
          const events = await fetchHistory(workflowId)
          const memo = await readMemo(service, info)
          if (!memo) return undefined
          const { tenant } = memo
          const completed = events.at(-1)?.workflowExecutionCompletedEventAttributes
          if (!completed) return { tenant }
          const [sealed] = await decode(completed.result?.payloads, { workflowId })
          const { value: receipt } = openFor<ErasureReceipt>('result of erasePrediction', sealed, {
            acceptBare,
            tenant,
          })
          return { tenant, receipt }
        }),
      )
    },

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
