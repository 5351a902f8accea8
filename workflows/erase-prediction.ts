import { proxyActivities, setCurrentDetails } from '@temporalio/workflow'
import type { createErasePrediction } from '../activities/erase-prediction.ts'
import type { ErasePredictionInput, ErasureReceipt } from '../contracts/erasure.ts'
import { queues } from '../contracts/queues.ts'
import { count } from '../lib/count.ts'
import { eraseDerived } from './erase-derived.ts'

const { endPrediction, destroyArtifacts, deleteHistories } = proxyActivities<ReturnType<typeof createErasePrediction>>({
  taskQueue: queues.cpu,
  startToCloseTimeout: '2 minutes',
  // What was asked to be erased is erased, however long the store or the server is away.
  retry: { initialInterval: '500 milliseconds', maximumInterval: '1 minute' },
})

/**
 * Erases a prediction: ends it, destroys the key of its encrypted artifacts and deletes all artifacts, then the histories
 * of the prediction and of its webhook; if the input says so, also the predictions that have a copy of its vector. The
 * receipt stays as this workflow's result.
 */
export async function erasePrediction(input: ErasePredictionInput): Promise<ErasureReceipt> {
  const { predictionId, tenant } = input
  setCurrentDetails('**Ending** the prediction where it runs')
  const { canceled } = await endPrediction.executeWithOptions({ summary: 'end it where it runs' }, [{ predictionId }])
  setCurrentDetails('**Destroying** its key and artifacts')
  const destroyed = await destroyArtifacts.executeWithOptions({ summary: 'destroy its key and artifacts' }, [
    { predictionId, ...(tenant !== undefined && { tenant }) },
  ])
  const { artifacts, derived = [], keysApart = false } = destroyed
  setCurrentDetails('**Deleting** its histories')
  const { histories } = await deleteHistories.executeWithOptions({ summary: 'delete its histories' }, [
    { predictionId },
  ])
  const erasesDerived = input.derived === true && tenant !== undefined
  if (erasesDerived) {
    setCurrentDetails(`**Erasing** ${count(derived.length, 'prediction')} with a copy of its vector`)
    await eraseDerived(derived, tenant)
  }
  setCurrentDetails('**Done** · nothing of the prediction is left but this receipt')
  return {
    id: predictionId,
    erased_at: new Date().toISOString(),
    canceled,
    key_shredded: true,
    keys_apart: keysApart,
    artifacts,
    histories,
    derived,
    derived_erased: erasesDerived,
  }
}
