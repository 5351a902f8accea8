import { expect, it } from 'vitest'
import { parseRetryAfter } from '../../../lib/retry-after.ts'

const now = Date.parse('Tue, 24 Nov 2026 08:00:00 GMT')

it.each([
  ['120', 120_000],
  ['0', 0],
  [' 7 ', 7_000],
  ['Tue, 24 Nov 2026 08:01:30 GMT', 90_000],
  ['Tuesday, 24-Nov-26 08:01:30 GMT', 90_000],
  ['Tue Nov 24 08:01:30 2026 GMT', 90_000],
  ['Tue, 24 Nov 2026 07:00:00 GMT', 0],
])('reads %j', (header, expected) => {
  expect(parseRetryAfter(header, now)).toBe(expected)
})

it.each([undefined, '', 'soon', '-5', '1.5', '1e9', '99999999999999999999', '2026-11-24T08:01:30Z', 'Tue, 99 Foo'])(
  'takes %j for absent',
  (header) => {
    expect(parseRetryAfter(header, now)).toBeUndefined()
  },
)
