import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { fromBase64, toBase64, toBase64Url } from '../../../lib/base64.ts'
import { fromDataUri, toDataUri } from '../../../lib/data-uri.ts'
import { toHex } from '../../../lib/hex.ts'
import { sha256Hex } from '../../../lib/sha256.ts'

const samples = [0, 1, 2, 3, 31, 8192, 8193, 100_000].map((length) => randomBytes(length))

describe('bytes as text', () => {
  it.each(samples)('match what Node writes (%#)', async (bytes) => {
    expect(toBase64(bytes)).toBe(bytes.toString('base64'))
    expect(toBase64Url(bytes)).toBe(bytes.toString('base64url'))
    expect(toHex(bytes)).toBe(bytes.toString('hex'))
    expect(await sha256Hex(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'))
  })

  it.each(samples)('are read back, URL-safe or not (%#)', (bytes) => {
    for (const text of [toBase64(bytes), toBase64Url(bytes)]) expect(bytes.equals(fromBase64(text)!)).toBe(true)
  })

  it.each(['@@@', 'A', 'é'])('are refused if they are not base64: %s', (text) => {
    expect(fromBase64(text)).toBeUndefined()
  })
})

describe('a data: URI', () => {
  it('gives its bytes back', () => {
    const bytes = randomBytes(1000)
    expect(bytes.equals(fromDataUri(toDataUri('image/png', bytes))!)).toBe(true)
  })

  it.each([
    ['data:,a%20b', 'a b'],
    ['data:text/plain;charset=utf-8,a%C3%A9', 'a\u00c3\u00a9'],
    ['data:application/octet-stream,%00%ff%FF%0a', '\u0000\u00ff\u00ff\n'],
    ['DATA:image/png;BASE64,YQ==', 'a'],
  ])('is read as RFC 2397 says: %s', (text, binary) => {
    expect(fromDataUri(text)).toEqual(Uint8Array.from(binary, (char) => char.charCodeAt(0)))
  })

  it.each([
    'data:image/png;base64,@@@',
    'data:,100%',
    'data:,%4',
    'data:,%g0',
    'data:,%0`',
    'data:,é',
    'data:,\n',
    'image/png;base64,YQ==',
    'data:image/png',
  ])('is refused if it is malformed: %s', (text) => {
    expect(fromDataUri(text)).toBeUndefined()
  })
})
