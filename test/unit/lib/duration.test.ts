import { expect, it, vi } from 'vitest'
import { parseDuration } from '../../../lib/duration.ts'

it('reads durations', () => {
  expect(['90', '90s', '5m', '1h', '1h30m', '7d', '0s', ' 2H '].map(parseDuration)).toEqual([
    90_000, 90_000, 300_000, 3_600_000, 5_400_000, 604_800_000, 0, 7_200_000,
  ])
})

it.each(['', 'm', '1.5h', '-5s', '5 s', 'soon', '5x', 's5', '5s5', '99999999d', '9'.repeat(30)])(
  'refuses %j',
  (text) => {
    expect(parseDuration(text)).toBeUndefined()
  },
)

it.each(['1'.repeat(33), `${'1'.repeat(1_000_000)}x`, '1s'.repeat(100), `${' '.repeat(40)}1s`])(
  'does not read a text that is too long to be a duration',
  (text) => {
    const read = [vi.spyOn(String.prototype, 'trim'), vi.spyOn(RegExp.prototype, Symbol.matchAll)]
    expect(parseDuration(text)).toBeUndefined()
    for (const method of read) expect(method).not.toHaveBeenCalled()
  },
)
