import { proxyActivities, setCurrentDetails } from '@temporalio/workflow'
import type { createErasePrediction } from '../activities/erase-prediction.ts'
import type { ErasePredictionInput, ErasureReceipt } from '../contracts/erasure.ts'
import { queues } from '../contracts/queues.ts'

const { endPrediction, destroyArtifacts, deleteHistories } = proxyActivities<ReturnType<typeof createErasePrediction>>({
  taskQueue: queues.cpu,
  startToCloseTimeout: '2 minutes',
  // What was asked to be erased is erased, however long the store or the server is away.
  retry: { initialInterval: '500 milliseconds', maximumInterval: '1 minute' },
})

/**
 * Erases a prediction: ends it, destroys the key of what lies sealed and deletes all artifacts, then the histories of the
 * prediction and of its webhook. The receipt stays as this workflow's result.
 */
export async function erasePrediction({ predictionId }: ErasePredictionInput): Promise<ErasureReceipt> {
  setCurrentDetails('**Ending** the prediction where it runs')
  const { canceled } = await endPrediction.executeWithOptions({ summary: 'end it where it runs' }, [{ predictionId }])
  setCurrentDetails('**Destroying** its key and artifacts')
  const { artifacts } = await destroyArtifacts.executeWithOptions({ summary: 'destroy its key and artifacts' }, [
    { predictionId },
  ])
  setCurrentDetails('**Deleting** its histories')
  const { histories } = await deleteHistories.executeWithOptions({ summary: 'delete its histories' }, [
    { predictionId },
  ])
  setCurrentDetails('**Done** · nothing of the prediction is left but this receipt')
  return {
    id: predictionId,
    erased_at: new Date().toISOString(),
    canceled,
    key_shredded: true,
    artifacts,
    histories,
  }
}
