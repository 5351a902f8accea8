import { resolve } from 'node:path'
import type { Client, Connection } from '@temporalio/client'
import type { temporal } from '@temporalio/proto'
import { eventually } from './eventually.ts'

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

/** Waits until somebody has asked for the cancellation of a workflow. */
export const untilCancelRequested = (client: Client, workflowId: string): Promise<void> =>
  eventually(async () => {
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory()
    const isAsked = events?.some((event) => event.workflowExecutionCancelRequestedEventAttributes)
    if (!isAsked) throw new Error(`Nobody has asked for the cancellation of ${workflowId}`)
  })
