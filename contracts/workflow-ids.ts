import { webhookWorkflowId } from './webhooks.ts'

/** The same for every call: an erasure is made once, and its receipt stays. */
export const erasureWorkflowId = (predictionId: string): string => `erase-${predictionId}`

/** Whether a workflow of this id is about that prediction: its own, its webhook's delivery or its erasure. */
export const isAbout = (workflowId: string, predictionId: string): boolean =>
  [predictionId, webhookWorkflowId(predictionId), erasureWorkflowId(predictionId)].includes(workflowId)
