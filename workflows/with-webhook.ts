import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import {
  CancellationScope,
  ChildWorkflowCancellationType,
  ContinueAsNew,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  startChild,
} from '@temporalio/workflow'
import { webhookQueue } from '../contracts/queues.ts'
import { type Webhook, type WebhookEvent, webhookWorkflowId } from '../contracts/webhooks.ts'
import { deliverWebhook, webhookNotice } from './deliver-webhook.ts'

/** Tells of an event; returns at once and never fails. May be called as often as there is news. */
export type Notify = (event: 'output' | 'logs') => void

/**
 * Runs a job and tells its webhook of it: `start` at once, what the job notifies, and `completed` at the end, also when the
 * job fails or is canceled. The job waits for no receiver: the delivery is its own workflow, which outlives it.
 */
export const withWebhook = async <T>(
  { predictionId, webhook }: { predictionId: string; webhook?: Webhook },
  job: (notify: Notify) => Promise<T>,
): Promise<T> => {
  if (!webhook) return job(() => undefined)
  const workflowId = webhookWorkflowId(predictionId)
  // Each waits for the one before, so that signals keep their order; none is undone by a cancellation.
  let last: Promise<void> = CancellationScope.nonCancellable(() => startDelivery(predictionId, webhook))
  const notify = (event: WebhookEvent) => {
    // `completed` also ends a delivery that does not send it.
    if (event !== 'completed' && !webhook.events.includes(event)) return
    last = last.then(() => CancellationScope.nonCancellable(() => signal(workflowId, event)))
  }
  try {
    const result = await job(notify)
    notify('completed')
    return result
  } catch (error) {
    if (!(error instanceof ContinueAsNew)) notify('completed')
    throw error
  } finally {
    await last
  }
}

const startDelivery = async (predictionId: string, webhook: Webhook): Promise<void> => {
  try {
    await startChild(deliverWebhook, {
      workflowId: webhookWorkflowId(predictionId),
      taskQueue: webhookQueue,
      args: [{ predictionId, ...webhook, pending: webhook.events.includes('start') ? [['start', 1]] : [] }],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      staticSummary: 'Webhook of a prediction',
    })
  } catch (error) {
    // A job that continues as a new run finds its delivery there.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
  }
}

const signal = async (workflowId: string, event: WebhookEvent): Promise<void> => {
  try {
    await getExternalWorkflowHandle(workflowId).signal(webhookNotice, event)
  } catch (error) {
    // The receiver has said that it is gone, and the delivery has ended.
    log.info('Webhook event not delivered', { workflowId, event, error })
  }
}
