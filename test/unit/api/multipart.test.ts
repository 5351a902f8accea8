import { describe, expect, it } from 'vitest'
import { parseForm } from '../../../api/multipart.ts'
import type { Problem } from '../../../api/problem.ts'

const utf8 = new TextEncoder()
const type = 'multipart/form-data; boundary=b'
const part = (disposition: string, content = 'xyz', headers = '') =>
  `--b\r\nContent-Disposition: form-data; ${disposition}\r\n${headers}\r\n${content}\r\n`
const parse = (text: string, contentType: string | undefined = type, maxFileBytes = 1000) =>
  parseForm(utf8.encode(text), contentType, { maxFileBytes })
const statusOf = (...args: Parameters<typeof parse>) => {
  try {
    parse(...args)
    return 200
  } catch (error) {
    return (error as Problem).status
  }
}

describe('a form', () => {
  it.each([
    ['name="content"; filename="me.jpg"', 'me.jpg'],
    ["name=content; filename=me.jpg; filename*=utf-8''me.jpg", 'me.jpg'],
    ["name=content; filename*=utf-8''m%C3%A4.jpg", 'mä.jpg'],
    ['filename="a;b.jpg"; name="content"', 'a;b.jpg'],
    ['name="content";filename="a.jpg"', 'a.jpg'],
    ['name="content"; filename="a\\"b.jpg"', 'a"b.jpg'],
    ['name="content"; filename="ä😀.jpg"', 'ä😀.jpg'],
    ['name="content"', undefined],
  ])('has the file of clients that write %s', (disposition, fileName) => {
    const form = parse(`${part(disposition, 'xyz', 'Content-Type: image/jpeg\r\n')}--b--\r\n`)
    expect(form.get('content')).toEqual({ fileName, type: 'image/jpeg', bytes: utf8.encode('xyz') })
  })

  it('may have text before and after it, and any bytes within', () => {
    const content = '\r\n-\r\n--\r\n--a--b\r\n\u0000'
    const form = parse(`hello\r\n--bye\r\n${part('name="content"; filename="x"', content)}--b--\r\ngood bye`)
    expect(new TextDecoder().decode(form.get('content')?.bytes)).toBe(content)
  })

  it('has the first of several fields of one name', () => {
    const form = parse(`${part('name="__proto__"', '1')}${part('name="a"', '2')}${part('name="a"', '3')}--b--`)
    expect([...form.keys()]).toEqual(['__proto__', 'a'])
    expect(form.get('a')?.bytes).toEqual(utf8.encode('2'))
  })
})

describe('what is refused', () => {
  it.each([undefined, 'text/plain', 'multipart/form-data', 'multipart/mixed; boundary=b', `${type}${'b'.repeat(70)}`])(
    'is no form: %s',
    (contentType) => {
      expect(() => parseForm(utf8.encode('x'), contentType, { maxFileBytes: 1 })).toThrow('multipart/form-data')
    },
  )

  it.each(['x', '--b', part('name="content"'), `--b\r\n${'X: y\r\n'.repeat(5_000)}\r\nx\r\n--b--`])(
    'is a form that is malformed or has long headers',
    (text) => expect(statusOf(text)).toBe(400),
  )

  it('is a form of very many parts, after the first few', () => {
    expect(statusOf(`${part('name="a"', '').repeat(300_000)}--b--`)).toBe(400)
  })

  it('is a file that is too large', () => {
    expect(statusOf(`${part('name="content"; filename="x"', 'x'.repeat(1001))}--b--`)).toBe(413)
    expect(statusOf(`${part('name="content"; filename="x"', 'x'.repeat(1000))}--b--`)).toBe(200)
  })
})
