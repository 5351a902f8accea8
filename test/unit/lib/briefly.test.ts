import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { briefly } from '../../../lib/briefly.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

it('runs once for all who ask while it runs, and while its result is fresh', async () => {
  const run = vi.fn(async () => run.mock.calls.length)
  const value = briefly(run, { forMs: 1000 })
  expect(await Promise.all([value(), value(), value()])).toEqual([1, 1, 1])
  vi.advanceTimersByTime(999)
  expect(await value()).toBe(1)
  vi.advanceTimersByTime(1)
  expect(await Promise.all([value(), value()])).toEqual([2, 2])
})

it('tries again after a failure', async () => {
  const run = vi.fn<() => Promise<number>>().mockRejectedValueOnce(new Error('away')).mockResolvedValueOnce(7)
  const value = briefly(run, { forMs: 1000 })
  const answers = await Promise.allSettled([value(), value()])
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await value()).toBe(7)
})

it('runs for each that finds no fresh result where they may not wait for each other', async () => {
  const run = vi.fn(async () => run.mock.calls.length)
  const value = briefly(run, { forMs: 1000, shared: false })
  expect(await Promise.all([value(), value()])).toEqual([1, 2])
  expect(await value()).toBe(2)
})
