import type { Unet } from '../diffusion/unet.ts'
import type { LatentShape, UnetRow } from '../diffusion/unet-row.ts'
import type { BatchLimit } from './batch-limit.ts'
import { isOutOfMemory, OutOfMemory } from './out-of-memory.ts'

interface Waiting {
  readonly row: UnetRow
  /** Lower ones go first. */
  readonly turn: number
  readonly resolve: (prediction: Float32Array) => void
  readonly reject: (error: unknown) => void
}

/** One call of the UNet: its rows, and how many it could have had. */
export interface Batch {
  readonly rows: number
  readonly limit: number
}

export interface Batcher extends Unet {
  /** Rows of every call so far: how full batches are. */
  readonly calls: { readonly count: number; readonly rows: number }
}

/**
 * One UNet for several jobs: rows that wait at the same time go into one call, whoever asks and at whatever timestep.
 * A job asks for one step at a time, so it joins and leaves at step boundaries. Where more rows wait than fit, the jobs
 * take turns, a row each, so that a job of many images does not hold up one of few.
 */
export const createBatcher = (unet: Unet, limit: BatchLimit, onBatch?: (batch: Batch) => void): Batcher => {
  const queue: Waiting[] = []
  const calls = { count: 0, rows: 0 }
  /** The turn that is served next; who comes now begins there. */
  let now = 0
  let running = false

  const runBatch = async (shape: LatentShape): Promise<void> => {
    const waiting = queue.length
    const { rows: allowed } = limit
    const batch = queue.sort((a, b) => a.turn - b.turn).splice(0, allowed)
    now = queue[0]?.turn ?? batch.at(-1)!.turn + 1
    const started = performance.now()
    try {
      const predictions = await unet.predict(
        batch.map(({ row }) => row),
        shape,
      )
      limit.record({ rows: batch.length, ms: performance.now() - started, waiting })
      calls.count += 1
      calls.rows += batch.length
      onBatch?.({ rows: batch.length, limit: allowed })
      batch.forEach(({ resolve }, index) => {
        resolve(predictions[index]!)
      })
    } catch (error) {
      if (isOutOfMemory(error) && batch.length > 1) {
        limit.outOfMemory(batch.length)
        queue.unshift(...batch)
        return
      }
      const reason = isOutOfMemory(error)
        ? new OutOfMemory('The device has no memory for one image', { cause: error })
        : error
      for (const { reject } of batch) reject(reason)
    }
  }

  const drain = async (shape: LatentShape): Promise<void> => {
    if (running) return
    running = true
    while (queue.length > 0) {
      // A turn of the event loop: new jobs and cancellations are heard, and jobs at the same point come together.
      await new Promise((resolve) => setImmediate(resolve))
      await runBatch(shape)
    }
    running = false
  }

  return {
    calls,
    predict: (rows, shape) => {
      const predictions = rows.map(
        (row, k) => new Promise<Float32Array>((resolve, reject) => queue.push({ row, turn: now + k, resolve, reject })),
      )
      void drain(shape)
      return Promise.all(predictions)
    },
  }
}
