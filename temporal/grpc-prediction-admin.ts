import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import type { Payload } from '@temporalio/common'
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js'
import proto from '@temporalio/proto'
import { saysForged } from '../lib/crypto/encryption-error.ts'
import { undefinedIf } from '../lib/undefined-if.ts'
import { isNotFound } from './grpc-call.ts'
import { type ExecutionInfo, toDate } from './messages.ts'
import { contextOf } from './place.ts'
import type { PredictionAdmin } from './prediction-admin.ts'
import { type HistoryReader, type Memo, readMemo } from './read-history.ts'
import type { ReadingOptions } from './read-service.ts'

const { WORKFLOW_EXECUTION_STATUS_RUNNING } = proto.temporal.api.enums.v1.WorkflowExecutionStatus

/** Runs a call; undefined if the server has no such workflow. */
const ifThere = <T>(run: () => Promise<T>): Promise<T | undefined> =>
  undefinedIf((error) => error instanceof WorkflowNotFoundError || isNotFound(error), run)

const time = (ms: number) => `"${new Date(ms).toISOString()}"`

export const createPredictionAdmin = (
  client: Client,
  { accept = 'sealed' }: Pick<ReadingOptions, 'accept'> = {},
): PredictionAdmin => {
  const service = client.connection.workflowService
  const { namespace, loadedDataConverter } = client.options
  const acceptBare = accept !== 'sealed'
  const reader: HistoryReader = {
    namespace,
    acceptBare,
    decode: (payloads, place) =>
      decodeArrayFromPayloads(loadedDataConverter, payloads as Payload[], contextOf(namespace, place)),
  }

  /** As the server lists them: the client's own list decodes every memo, and one that is forged would end it. */
  async function* list(query: string): AsyncGenerator<ExecutionInfo> {
    let nextPageToken: Uint8Array | undefined
    do {
      const page = await service.listWorkflowExecutions({ namespace, query, ...(nextPageToken && { nextPageToken }) })
      yield* page.executions
      nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined
    } while (nextPageToken)
  }

  /** The search attribute proves nothing: the sealed memo says how long the data is kept. */
  const hasExpired = async (info: ExecutionInfo, until: number): Promise<boolean> => {
    const endedAt = toDate(info.closeTime)
    if (!endedAt) return false
    try {
      const memo = await readMemo<Partial<Memo>>(reader, info)
      if (!memo) return false
      // Memos of earlier releases do not say it; they are accepted only during a migration.
      return endedAt.getTime() + (memo.retentionMs ?? 0) <= until
    } catch (error) {
      if (saysForged(error)) return false
      throw error
    }
  }

  return {
    standing: (workflowId, runId) =>
      ifThere(async () => {
        const { workflowExecutionInfo: info } = await service.describeWorkflowExecution({
          namespace,
          execution: { workflowId, ...(runId && { runId }) },
        })
        const running = info?.status === WORKFLOW_EXECUTION_STATUS_RUNNING
        const seconds = info?.closeTime?.seconds
        return {
          runId: info?.execution?.runId ?? '',
          running,
          ...(seconds && { endedAt: new Date(Number(seconds) * 1000) }),
        }
      }),
    cancel: async (workflowId) => void (await ifThere(() => client.workflow.getHandle(workflowId).cancel())),
    terminate: async (workflowId, reason) =>
      void (await ifThere(() => client.workflow.getHandle(workflowId).terminate(reason))),
    runs: async (workflowId) => {
      const found: string[] = []
      for await (const { execution } of list(`WorkflowId = "${workflowId}"`)) found.push(execution?.runId ?? '')
      return found
    },
    deleteRun: async (workflowId, runId) =>
      void (await ifThere(() =>
        service.deleteWorkflowExecution({ namespace, workflowExecution: { workflowId, runId } }),
      )),
    listExpired: async function* (after, until) {
      const query = `IdemExpiresAt > ${time(after)} AND IdemExpiresAt <= ${time(until)}`
      for await (const info of list(query)) {
        if (await hasExpired(info, until)) yield info.execution?.workflowId ?? ''
      }
    },
  }
}
