import { randomUUID } from 'node:crypto'
import type { Client } from '@temporalio/client'

/** Runs a workflow again from its beginning, under the same id, as `temporal workflow reset` does. */
export const resetWorkflow = async (client: Client, workflowId: string): Promise<void> => {
  const handle = client.workflow.getHandle(workflowId)
  const { events } = await handle.fetchHistory()
  const first = events?.find(({ workflowTaskCompletedEventAttributes }) => workflowTaskCompletedEventAttributes)
  await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId },
    reason: 'again',
    workflowTaskFinishEventId: first!.eventId!,
    requestId: randomUUID(),
  })
  await handle.result().catch(() => undefined)
}
