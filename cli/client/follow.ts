import { isTerminal, type Prediction } from '../../contracts/prediction.ts'
import { sleep } from '../../lib/sleep.ts'
import type { ApiClient } from './api-client.ts'

const pollMs = 250

/** Polls until the prediction has ended. If `signal` is aborted, the prediction is canceled. */
export const follow = async (
  client: ApiClient,
  started: Prediction,
  onChange: (prediction: Prediction) => void,
  signal?: AbortSignal,
): Promise<Prediction> => {
  let prediction = started
  let canceled = false
  while (!isTerminal(prediction.status)) {
    onChange(prediction)
    await sleep(pollMs, canceled ? undefined : signal)
    if (signal?.aborted && !canceled) {
      canceled = true
      await client.cancel(prediction.id)
    }
    prediction = await client.get(prediction.id)
  }
  return prediction
}
