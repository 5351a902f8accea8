import { expect, it } from 'vitest'
import { parseDuration } from '../../../lib/duration.ts'

it('reads durations', () => {
  expect(['90', '90s', '5m', '1h', '1h30m', '7d', '0s'].map(parseDuration)).toEqual([
    90_000, 90_000, 300_000, 3_600_000, 5_400_000, 604_800_000, 0,
  ])
})

it.each(['', 'm', '1.5h', '-5s', '5 s', 'soon', '5x', 's5'])('takes %j for none', (text) => {
  expect(parseDuration(text)).toBeUndefined()
})
