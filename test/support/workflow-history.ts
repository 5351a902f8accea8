import { resolve } from 'node:path'
import type { Connection } from '@temporalio/client'
import type { temporal } from '@temporalio/proto'

export const workflowsPath = resolve('workflows/index.ts')

/** All events of a workflow of the default namespace. */
export const fetchHistory = async (
  connection: Connection,
  workflowId: string,
): Promise<temporal.api.history.v1.IHistory> => {
  const events: temporal.api.history.v1.IHistoryEvent[] = []
  let nextPageToken: Uint8Array | undefined
  do {
    const page = await connection.workflowService.getWorkflowExecutionHistory({
      namespace: 'default',
      execution: { workflowId },
      ...(nextPageToken && { nextPageToken }),
    })
    events.push(...(page.history?.events ?? []))
    nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined
  } while (nextPageToken)
  return { events }
}
