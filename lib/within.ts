import { sleep } from './sleep.ts'

/** The result of `work`, or `late` if it takes longer than `ms`. The work itself is not stopped. */
export const within = async <T, L>(work: Promise<T>, ms: number, late: L): Promise<T | L> => {
  const done = new AbortController()
  try {
    return await Promise.race([work, sleep(ms, done.signal).then(() => late)])
  } finally {
    done.abort()
  }
}
