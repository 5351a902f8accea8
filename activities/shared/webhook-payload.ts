import { isTerminal, type Prediction } from '../../contracts/prediction.ts'
import type { WebhookEvent } from '../../contracts/webhooks.ts'

/**
 * What a webhook carries: the prediction as it stands. A message that was overtaken by the end shows the prediction as
 * running still, so that a receiver that looks for a final status finds it only in `completed`.
 */
export const webhookPayload = (event: WebhookEvent, prediction: Prediction): Prediction => {
  if (event === 'completed' || !isTerminal(prediction.status)) return prediction
  const running: Prediction = { ...prediction, status: 'processing', completed_at: null, error: null, metrics: {} }
  return event === 'start' ? { ...running, output: null, logs: '' } : running
}
