import type { LatentShape, Unet, UnetRow } from './unet.ts'

interface Waiting {
  readonly row: UnetRow
  readonly resolve: (prediction: Float32Array) => void
  readonly reject: (error: unknown) => void
}

export interface BatcherOptions {
  /** Rows of one call at most; falls by half where the device runs out of memory. */
  maxRows: number
}

export interface Batcher extends Unet {
  /** Rows of every call so far: how full batches are. */
  readonly calls: { readonly count: number; readonly rows: number }
}

const outOfMemory = /out of memory|bad_alloc|failed to allocate|allocation failed|CUDA_ERROR_OUT_OF_MEMORY/i

/** The device cannot hold even one row. */
export class OutOfMemory extends Error {
  override name = 'OutOfMemory'
  readonly type = 'out_of_memory'
  readonly retryable = true
}

export const isOutOfMemory = (error: unknown): boolean => error instanceof Error && outOfMemory.test(error.message)

/**
 * One UNet for several jobs: rows that wait at the same time go into one call, whoever asks and at whatever timestep.
 * A job asks for one step at a time, so it joins and leaves at step boundaries, and first come, first served is fair.
 */
export const createBatcher = (unet: Unet, { maxRows }: BatcherOptions): Batcher => {
  const queue: Waiting[] = []
  const calls = { count: 0, rows: 0 }
  let limit = maxRows
  let running = false

  const runBatch = async (shape: LatentShape): Promise<void> => {
    const batch = queue.splice(0, limit)
    try {
      const predictions = await unet.predict(
        batch.map(({ row }) => row),
        shape,
      )
      calls.count += 1
      calls.rows += batch.length
      batch.forEach(({ resolve }, index) => {
        resolve(predictions[index]!)
      })
    } catch (error) {
      if (isOutOfMemory(error) && batch.length > 1) {
        limit = Math.ceil(batch.length / 2)
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
        (row) => new Promise<Float32Array>((resolve, reject) => queue.push({ row, resolve, reject })),
      )
      void drain(shape)
      return Promise.all(predictions)
    },
  }
}
