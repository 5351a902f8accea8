import type { SerializationContext } from '@temporalio/common'

/** Where a payload lies: with a workflow, or with one of its steps. */
export interface Place {
  readonly workflowId: string
  readonly activityId?: string | undefined
}

/** The place as the SDK tells it to a codec. */
export const contextOf = (namespace: string, { workflowId, activityId }: Place): SerializationContext =>
  activityId === undefined
    ? { type: 'workflow', namespace, workflowId }
    : { type: 'activity', namespace, workflowId, activityId, isLocal: false }
