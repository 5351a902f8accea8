import { performance } from 'node:perf_hooks'
import { percentile, sum } from '../statistics.ts'

export interface Load {
  readonly perSecond: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly count: number
  /** How many failed, and the first failure. */
  readonly failed: number
  readonly failure?: string
}

/** Of calls that took these milliseconds, one after another where no time in all is given. */
export const summary = (times: readonly number[], allMs = sum(times)): Load => ({
  perSecond: (times.length / allMs) * 1000,
  p50: percentile(times, 0.5),
  p95: percentile(times, 0.95),
  p99: percentile(times, 0.99),
  count: times.length,
  failed: 0,
})

/** So many callers, each of whom calls again when the answer is there, until the time or the number of calls is over. */
export const load = async (
  callers: number,
  { ms = Number.POSITIVE_INFINITY, calls = Number.POSITIVE_INFINITY }: { ms?: number; calls?: number },
  call: () => Promise<unknown>,
): Promise<Load> => {
  const times: number[] = []
  let failed = 0
  let failure: string | undefined
  let left = calls
  const from = performance.now()
  const caller = async () => {
    while (left-- > 0 && performance.now() - from < ms) {
      const start = performance.now()
      try {
        await call()
        times.push(performance.now() - start)
      } catch (error) {
        failed++
        failure ??= (error as Error).message
      }
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return { ...summary(times, performance.now() - from), failed, ...(failure && { failure }) }
}
