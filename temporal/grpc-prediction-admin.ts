import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import proto from '@temporalio/proto'
import { undefinedIf } from '../lib/undefined-if.ts'
import { isNotFound } from './grpc-call.ts'
import type { PredictionAdmin } from './prediction-admin.ts'

const { WORKFLOW_EXECUTION_STATUS_RUNNING } = proto.temporal.api.enums.v1.WorkflowExecutionStatus

/** Runs a call; undefined if the server has no such workflow. */
const ifThere = <T>(run: () => Promise<T>): Promise<T | undefined> =>
  undefinedIf((error) => error instanceof WorkflowNotFoundError || isNotFound(error), run)

const time = (ms: number) => `"${new Date(ms).toISOString()}"`

export const createPredictionAdmin = (client: Client): PredictionAdmin => {
  const service = client.connection.workflowService
  const { namespace } = client.options
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
      for await (const { runId } of client.workflow.list({ query: `WorkflowId = "${workflowId}"` })) found.push(runId)
      return found
    },
    deleteRun: async (workflowId, runId) =>
      void (await ifThere(() =>
        service.deleteWorkflowExecution({ namespace, workflowExecution: { workflowId, runId } }),
      )),
    listExpired: async function* (after, until) {
      const query = `IdemExpiresAt > ${time(after)} AND IdemExpiresAt <= ${time(until)}`
      for await (const { workflowId } of client.workflow.list({ query })) yield workflowId
    },
  }
}
