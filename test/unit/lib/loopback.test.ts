import { expect, it } from 'vitest'
import { isLoopback, mayAnswer } from '../../../lib/loopback.ts'

it.each(['127.0.0.1', '127.0.0.1:8787', 'localhost', 'LOCALHOST:1', '[::1]', '[::1]:8787'])(
  'answers for this machine: %s',
  (host) => expect(mayAnswer(host)).toBe(true),
)

it.each([
  undefined,
  '',
  'evil.example',
  'evil.example:8787',
  'localhost.evil.example',
  '127.0.0.1.evil.example:8787',
  'localhost@evil.example',
  '0.0.0.0:8787',
  '[::ffff:127.0.0.1]',
])('does not answer for %s', (host) => expect(mayAnswer(host)).toBe(false))

it('answers for more hosts if they are given', () =>
  expect(mayAnswer('api.example.com:443', ['api.example.com'])).toBe(true))

it('knows addresses that only this machine reaches', () => {
  expect(['127.0.0.1', '::1', 'localhost', '0.0.0.0', '::', '192.168.0.1'].map(isLoopback)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ])
})
