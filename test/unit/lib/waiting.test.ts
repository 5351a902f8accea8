import { describe, expect, it } from 'vitest'
import { pollUntil } from '../../../lib/poll-until.ts'
import { fullJitter, retry } from '../../../lib/retry.ts'
import { sleep } from '../../../lib/sleep.ts'
import { within } from '../../../lib/within.ts'

const never = () => new Promise<never>(() => undefined)
const hourMs = 3_600_000
/** Fails so many times, then succeeds. */
const failing = (times: number) => {
  let calls = 0
  return {
    run: async () => {
      calls++
      if (calls <= times) throw new Error(`failure ${calls}`)
      return 'done'
    },
    calls: () => calls,
  }
}
const atOnce = { delayMs: () => 0 }

describe('sleep', () => {
  it('ends as soon as its signal aborts, also if that was before', async () => {
    const stop = new AbortController()
    const sleeping = sleep(hourMs, stop.signal)
    stop.abort()
    await sleeping
    await sleep(hourMs, stop.signal)
  })
})

describe('within', () => {
  it('gives the result of work that ends in time', async () => {
    expect(await within(Promise.resolve('done'), hourMs, 'late')).toBe('done')
    await expect(within(Promise.reject(new Error('failed')), hourMs, 'late')).rejects.toThrow('failed')
  })

  it('gives the other value if the work takes longer', async () => {
    expect(await within(never(), 1, 'late')).toBe('late')
  })
})

describe('pollUntil', () => {
  const counter = () => {
    let count = 0
    return () => ++count
  }

  it('reads until the value is as wanted', async () => {
    expect(await pollUntil(counter(), (count) => count === 3, { everyMs: 0 })).toBe(3)
  })

  it('gives the last value when the time is over', async () => {
    expect(await pollUntil(counter(), () => false, { everyMs: 0, timeoutMs: -1 })).toBe(1)
  })
})

describe('retry', () => {
  it('runs until it succeeds', async () => {
    const { run, calls } = failing(2)
    expect(await retry(run, atOnce)).toBe('done')
    expect(calls()).toBe(3)
  })

  it('throws the last error after so many attempts', async () => {
    const { run, calls } = failing(9)
    await expect(retry(run, { attempts: 3, ...atOnce })).rejects.toThrow('failure 3')
    expect(calls()).toBe(3)
  })

  it('throws at once what another attempt cannot help', async () => {
    const { run, calls } = failing(9)
    await expect(retry(run, { shouldRetry: () => false, ...atOnce })).rejects.toThrow('failure 1')
    expect(calls()).toBe(1)
  })

  it('gives up when it has failed for long enough', async () => {
    await expect(retry(failing(9).run, { giveUpAfterMs: -1, ...atOnce })).rejects.toThrow('failure 1')
  })

  it('throws the reason of a signal that aborts while it waits', async () => {
    const stop = new AbortController()
    const delayMs = () => {
      queueMicrotask(() => stop.abort(new Error('stopped')))
      return hourMs
    }
    await expect(retry(failing(9).run, { delayMs, signal: stop.signal })).rejects.toThrow('stopped')
  })

  it('hands the failures so far and the error to the delay', async () => {
    const seen: unknown[] = []
    const delayMs = (failed: number, error: unknown) => {
      seen.push([failed, (error as Error).message])
      return 0
    }
    await retry(failing(2).run, { delayMs })
    expect(seen).toEqual([
      [1, 'failure 1'],
      [2, 'failure 2'],
    ])
  })
})

describe('fullJitter', () => {
  it('waits up to twice as long after each failure, and never longer than the most', () => {
    const delay = fullJitter(100, 1_000)
    const longest = (failed: number) => Math.max(...Array.from({ length: 2_000 }, () => delay(failed)))
    for (const [failed, most] of [
      [1, 100],
      [2, 200],
      [4, 800],
      [5, 1_000],
      [30, 1_000],
    ] as const) {
      expect(longest(failed)).toBeLessThanOrEqual(most)
      expect(longest(failed)).toBeGreaterThan(most * 0.9)
    }
  })
})
