import { sleep } from './sleep.ts'

export interface RetryOptions {
  /** How often to try at most, the first time included; no bound if omitted. */
  attempts?: number
  /** How long to go on after the first failure; without end if omitted. */
  giveUpAfterMs?: number
  /** The wait before the next attempt, after so many that failed (1 or more); none if omitted. */
  delayMs?: (failed: number, error: unknown) => number
  /** Whether another attempt may help; always if omitted. */
  shouldRetry?: (error: unknown) => boolean
  /** Ends the waiting; `retry` then throws the signal's reason. */
  signal?: AbortSignal
}

/**
 * Runs `run` until it succeeds. Throws its last error when another attempt cannot help or all of them failed.
 *
 * @example
 * await retry(() => put(key, bytes), { attempts: 5, delayMs: fullJitter(100, 5_000), shouldRetry: isTransient })
 */
export const retry = async <T>(
  run: () => Promise<T>,
  { attempts = Infinity, giveUpAfterMs = Infinity, delayMs = () => 0, shouldRetry = () => true, signal }: RetryOptions,
): Promise<T> => {
  let failingSince: number | undefined
  for (let failed = 1; ; failed++) {
    try {
      return await run()
    } catch (error) {
      signal?.throwIfAborted()
      failingSince ??= performance.now()
      const isOver = failed >= attempts || performance.now() - failingSince > giveUpAfterMs
      if (isOver || !shouldRetry(error)) throw error
      await sleep(delayMs(failed, error), signal)
      signal?.throwIfAborted()
    }
  }
}

/** Random waits in [0, firstMs · 2^(n-1)] after the n-th failure, `mostMs` at most, so that clients do not retry in step. */
export const fullJitter =
  (firstMs: number, mostMs: number) =>
  (failed: number): number =>
    Math.random() * Math.min(mostMs, firstMs * 2 ** (failed - 1))
