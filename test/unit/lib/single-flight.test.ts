import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createSingleFlight } from '../../../lib/single-flight.ts'

const later = <T>(value: T) => setImmediate(value)

it('gives many callers what one of them made', async () => {
  let runs = 0
  const once = createSingleFlight<number>(() => false)
  const call = () => once('a', () => later(++runs))
  expect(new Set(await Promise.all(Array.from({ length: 50 }, call)))).toEqual(new Set([1]))
  expect(await call()).toBe(2)
})

it('keeps names apart', async () => {
  const once = createSingleFlight<string>(() => false)
  expect(await Promise.all(['a', 'b'].map((name) => once(name, () => later(name))))).toEqual(['a', 'b'])
})

it('lets others try where one fails, and fails all where the failure is theirs too', async () => {
  let runs = 0
  const once = createSingleFlight<string>((error) => (error as Error).message === 'away')
  const call = (message: string) =>
    once('a', async () => {
      await later(0)
      if (++runs === 1) throw new Error(message)
      return 'made'
    })
  const own = await Promise.allSettled(Array.from({ length: 5 }, () => call('mine')))
  expect(own.map(({ status }) => status)).toEqual(['rejected', ...Array(4).fill('fulfilled')])
  expect(runs).toBe(2)
  runs = 0
  const all = await Promise.allSettled(Array.from({ length: 5 }, () => call('away')))
  expect(all.every(({ status }) => status === 'rejected')).toBe(true)
  expect(runs).toBe(1)
})
