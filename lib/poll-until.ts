import { sleep } from './sleep.ts'

export interface PollOptions {
  everyMs: number
  /** How long to poll; without end if omitted. */
  timeoutMs?: number
}

/**
 * Reads again and again until the value is as wanted or the time is over, and returns the last value. Whoever sets
 * `timeoutMs` looks at the value.
 *
 * @example
 * const standing = await pollUntil(() => admin.standing(id), (it) => !it?.running, { everyMs: 100, timeoutMs: 30_000 })
 * if (standing?.running) throw new Error('It is still running')
 */
export const pollUntil = async <T>(
  read: () => T | Promise<T>,
  isWanted: (value: T) => boolean,
  { everyMs, timeoutMs = Infinity }: PollOptions,
): Promise<T> => {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const value = await read()
    if (isWanted(value) || performance.now() > deadline) return value
    await sleep(everyMs)
  }
}
