import { failures } from './failures.ts'
import type { PredictionStatus } from './prediction.ts'
import type { PredictionRecord } from './record.ts'

export const statusOf = ({ state, finished, pending, failure }: PredictionRecord): PredictionStatus => {
  if (state === 'completed') return 'succeeded'
  if (failure?.type === failures.deadlineExceeded) return 'canceled'
  if (state === 'canceled' || state === 'failed') return state
  return finished.length > 0 || pending.some((activity) => activity.state === 'started') ? 'processing' : 'starting'
}

/** Whether a prediction's photos, vectors and images have been removed, or are due to be. */
export const hasExpired = ({ endedAt, input }: PredictionRecord): boolean =>
  endedAt !== undefined && endedAt.getTime() + input.retentionMs <= Date.now()
