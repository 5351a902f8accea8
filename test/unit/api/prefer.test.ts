import { expect, it } from 'vitest'
import { waitMs } from '../../../api/prefer.ts'

it.each([
  [undefined, 0],
  ['', 0],
  ['wait', 60],
  ['wait=5', 5],
  ['Wait = 5', 5],
  ['wait="5"', 5],
  ['wait=5; unit="s, really"', 5],
  ['wait=60', 60],
  ['wait=120', 60],
  ['wait=999999999', 60],
  ['wait=0', 0],
  ['handling=lenient, wait=7', 7],
  ['x="a,wait=9", wait=7', 7],
  ['respond-async, wait=7', 0],
])('understands Prefer: %s', (prefer, seconds) => expect(waitMs(prefer)).toBe(seconds * 1000))

it.each(['wait=soon', 'wait=-1', 'wait=1.5', 'waiting=5', '=5', ';', '"', 'wait="', ',,,', 'x'.repeat(10_000)])(
  'ignores what it does not understand: %s',
  (prefer) => expect([0, 60_000]).toContain(waitMs(prefer)),
)
