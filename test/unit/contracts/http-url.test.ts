import { describe, expect, it } from 'vitest'
import { isHttpUrl } from '../../../contracts/http-url.ts'

describe('an http(s) URL', () => {
  it.each([
    'https://example.com',
    'http://deploy-preview-1--my_site.example.:8080/a b?c=%20#d',
    'http://127.0.0.1:9/x',
    'http://[::1]:9/x',
    'https://bücher.example/é',
  ])('is taken: %s', (url) => {
    expect(isHttpUrl(url)).toBe(true)
  })

  it.each([
    'https://example.com*',
    'https://a,b.example/',
    'ftp://example.com/',
    'https://',
    'example.com',
    'https://user:password@example.com/',
    'https://user@example.com/',
    `https://example.com/${'a'.repeat(5000)}`,
  ])('is none: %s', (url) => {
    expect(isHttpUrl(url)).toBe(false)
  })
})
