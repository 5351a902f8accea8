import { describe, expect, it } from 'vitest'
import { compareNewest, findAtEnd } from '../../../temporal/newest-first.ts'
import type { ListPosition } from '../../../temporal/orchestrator.ts'

const at = (ms: number, id: string): ListPosition => ({ createdNanos: `${ms}000000`.padStart(19, '0'), id })

/** A visibility store in memory that counts what it is asked. */
const storeOf = (all: readonly ListPosition[]) => {
  const asked = { counts: 0, listed: 0 }
  const ms = ({ createdNanos }: ListPosition) => Number(createdNanos.slice(0, -6))
  const within = (from: number, to: number) => all.filter((item) => ms(item) >= from && ms(item) <= to)
  return {
    asked,
    count: async (from: number, to: number) => {
      asked.counts++
      return within(from, to).length
    },
    list: async (from: number, to: number) => {
      const found = within(from, to)
      asked.listed += found.length
      return found
    },
  }
}

const year = 365 * 24 * 3_600_000
const to = 40 * year

const spreads: Record<string, ListPosition[]> = {
  'evenly over a year': Array.from({ length: 10_000 }, (_, i) => at(to - i * 3_000_000, `e${i}`)),
  'all within a second': Array.from({ length: 10_000 }, (_, i) => at(to - (i % 1000), `s${i}`)),
  'a burst long ago': Array.from({ length: 5_000 }, (_, i) => at(to - 2 * year - i, `b${i}`)),
  'three in all': [at(to, 'a'), at(to - year, 'b'), at(1, 'c')],
  none: [],
}

describe.each(Object.entries(spreads))('predictions spread %s', (_, all) => {
  const sorted = [...all].sort(compareNewest)

  it.each(['newest', 'oldest'] as const)('are found at the %s end, whole and in order', async (end) => {
    const store = storeOf(all)
    const found = await findAtEnd(store, { from: 0, to, end, limit: 101 })
    const wanted = Math.min(101, all.length)
    const expected = end === 'newest' ? sorted.slice(0, found.length) : sorted.slice(sorted.length - found.length)
    expect(found.length).toBeGreaterThanOrEqual(wanted)
    expect(found).toEqual(expected)
    expect(store.asked.counts).toBeLessThan(50)
    expect(store.asked.listed).toBeLessThanOrEqual(Math.max(101 * 4, 1000))
  })
})

it('finds nothing in a stretch that ends before it starts', async () => {
  expect(await findAtEnd(storeOf([at(5, 'a')]), { from: 10, to: 1, end: 'newest', limit: 1 })).toEqual([])
})
