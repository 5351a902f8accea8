import { webhookWorkflowId } from './webhooks.ts'

/** Always the same id for a prediction, so that it is erased only once and its receipt is kept. */
export const erasureWorkflowId = (predictionId: string): string => `erase-${predictionId}`

/** Whether a workflow belongs to a prediction: its own workflow, the delivery of its webhook or its erasure. */
export const isAbout = (workflowId: string, predictionId: string): boolean =>
  [predictionId, webhookWorkflowId(predictionId), erasureWorkflowId(predictionId)].includes(workflowId)
