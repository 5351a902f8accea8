import type { LoadPrediction } from '../activities/send-webhook.ts'
import { createPredictionView, type PredictionViewDeps } from '../api/prediction-view.ts'
import { holderOf } from '../contracts/url-holder.ts'
import type { Orchestrator } from '../temporal/orchestrator.ts'

/** Reads predictions for their webhooks, as the API answers them. */
export const createLoadPrediction = (
  orchestrator: Pick<Orchestrator, 'read'>,
  deps: PredictionViewDeps,
): LoadPrediction => {
  const view = createPredictionView(deps)
  return async (id) => {
    const record = await orchestrator.read(id)
    return record && { prediction: await view(record, holderOf(record)), tenant: record.tenant }
  }
}
