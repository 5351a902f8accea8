import { describe, expect, it } from 'vitest'
import { readWorkerConfig } from '../../../worker/config.ts'

describe('the contact that is sent to other servers', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['https://example.com/bots', 'https://example.com/bots'],
    ['mailto:photos@example.com', 'mailto:photos@example.com'],
  ])('is a URL or none: %s', (value, contact) => {
    expect(readWorkerConfig({ IDEM_FETCH_CONTACT: value }).fetchContact).toBe(contact)
  })

  it.each(['me', 'ftp://example.com', 'https://example.com/\r\nX-Header: 1', 'https://example.com/(x)'])(
    'is refused if it cannot be part of a header or is not such a URL: %s',
    (value) => {
      expect(() => readWorkerConfig({ IDEM_FETCH_CONTACT: value })).toThrow('IDEM_FETCH_CONTACT')
    },
  )
})
