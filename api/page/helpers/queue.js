import { request } from './api.js'

/** @import { Prediction, QueuePlace } from '../types.ts' */

const running = ['starting', 'processing']

/**
 * The caller's own runs that were started before this one and have not ended.
 *
 * @type {(prediction: Pick<Prediction, 'id' | 'created_at'>) => Promise<number>}
 */
const countAhead = async ({ id, created_at }) => {
  const pages = await Promise.all(running.map((status) => request(`v1/predictions?status=${status}`)))
  const ahead = pages
    .flatMap(({ results }) => /** @type {Prediction[]} */ (results))
    .filter((p) => p.id !== id && p.created_at < created_at)
  return new Set(ahead.map((p) => p.id)).size
}

/** Whether a worker waits for work of the device. `/readyz` answers 503 where one is missing, with the same body. */
const hasWorker = async () => {
  const { checks } = await (await fetch('readyz', { cache: 'no-store' })).json()
  return checks.gpu !== 'no worker'
}

/**
 * What a run that does not go on yet waits for.
 *
 * @type {(prediction: Prediction) => Promise<QueuePlace>}
 */
export const readQueue = async (prediction) => {
  const [ahead, worker] = await Promise.all([countAhead(prediction), hasWorker().catch(() => true)])
  return { ahead, worker }
}
