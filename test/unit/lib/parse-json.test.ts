import { describe, expect, it, vi } from 'vitest'
import { JsonTooLarge, parseJson } from '../../../lib/parse-json.ts'

const bounds = { maxValues: 100, maxDepth: 8 }

describe('JSON within the bounds', () => {
  it.each([
    'null',
    '"a"',
    '{"a": [1, 2, {"b": "c,[{"}], "d": "\\"[[[[[[[[[[[[\\\\"}',
    `["\\\\", "\\\\\\"${'['.repeat(50)}"]`,
    JSON.stringify(Array.from({ length: 98 }, (_, index) => index)),
    `"${'\\"'.repeat(1000)}"`,
    `"${',['.repeat(1000)}"`,
  ])('is what JSON.parse makes of it: %s', (text) => {
    expect(parseJson(text, bounds)).toEqual(JSON.parse(text))
  })

  it.each(['', '{', '"', '"\\"', 'nul', '[1,]'])('is refused by JSON.parse if it is malformed: %s', (text) => {
    expect(() => parseJson(text, bounds)).toThrow(SyntaxError)
  })
})

describe('JSON beyond the bounds', () => {
  it.each([
    ['values', `[${'[],'.repeat(1_000_000)}[]]`],
    ['values', `{${'"a":1,'.repeat(200)}"b":1}`],
    ['values', `[${'1,'.repeat(200)}`],
    ['deep', '['.repeat(9)],
    ['deep', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['deep', `["\\\\",${'['.repeat(20)}`],
  ])('is never parsed: too many %s', (what, text) => {
    const parse = vi.spyOn(JSON, 'parse')
    expect(() => parseJson(text, bounds)).toThrow(JsonTooLarge)
    expect(() => parseJson(text, bounds)).toThrow(what)
    expect(parse).not.toHaveBeenCalled()
    parse.mockRestore()
  })
})
