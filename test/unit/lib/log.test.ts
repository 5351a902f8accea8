import { describe, expect, it } from 'vitest'
import { createLog } from '../../../lib/log.ts'

const open = (level = 'debug') => {
  const lines: string[] = []
  const log = createLog({ level, name: 'test', destination: { write: (line) => void lines.push(line) } })
  return { log, lines, last: () => JSON.parse(lines.at(-1)!), all: () => lines.join('') }
}

const hush = 'hush4711'
const signed = `https://files.test/v1/files/public/${hush}.png?expires=1&signature=${hush}`
const dataUri = `data:image/jpeg;base64,${Buffer.from(hush.repeat(50)).toString('base64')}`
const vector = Array.from({ length: 512 }, (_, i) => i / 4711)

class StoreError extends Error {
  override name = 'StoreError'
  readonly url = signed
  readonly retryable = true
}

describe('the log', () => {
  it('writes a line of JSON with level, name, time, message and fields', () => {
    const { log, last } = open()
    log.info({ predictionId: 'p1', tenant: 'local', bytes: 42, box: [1, 2, 3, 4] }, 'image stored')
    expect(last()).toMatchObject({
      level: 'info',
      name: 'test',
      msg: 'image stored',
      predictionId: 'p1',
      tenant: 'local',
      bytes: 42,
      box: [1, 2, 3, 4],
    })
    expect(new Date(last().time).getTime()).toBeGreaterThan(0)
  })

  it('keeps below its level', () => {
    const { log, lines } = open('warn')
    log.info('x')
    expect(lines).toEqual([])
  })

  it('keeps the keys of artifacts, hashes and ids readable', () => {
    const { log, last } = open()
    const sha256 = 'ab'.repeat(32)
    log.info({ key: 'predictions/p1/photo-0.png', sha256 }, `read predictions/p1/photo-0.png (${sha256})`)
    expect(last()).toMatchObject({ key: 'predictions/p1/photo-0.png', sha256 })
    expect(last().msg).toContain(sha256)
  })

  const secrets: [string, unknown][] = [
    ['a signed URL', { url: signed }],
    ['a URL object', { url: new URL(signed) }],
    ['a photo URL', { input_image: `https://photos.test/${hush}.jpg`, photoUrl: `https://photos.test/${hush}` }],
    ['a webhook URL', { webhook: `https://user:${hush}@hooks.test/a?token=${hush}` }],
    ['a data URI', { anything: dataUri }],
    ['a token', { token: hush, apiToken: hush, Authorization: `Bearer ${hush}`, headers: { cookie: hush } }],
    ['a secret', { webhookSecret: hush, secrets: [hush], awsSecretAccessKey: hush, signingKey: hush }],
    ['a secret in a text', { note: `whsec_${hush} Bearer ${hush} signature=${hush}` }],
    ['what is nested', { a: [{ b: new Map([['token', hush]]), c: new Set([signed]) }] }],
  ]
  it.each(secrets)('hides %s in fields, bindings, errors and arguments', (_, value) => {
    const { log, lines, all } = open()
    log.info(value as object, 'fields')
    log
      .child(value as object)
      .child({ a: value })
      .info('bindings')
    log.info({ err: Object.assign(new Error('x'), value) }, 'error')
    log.error(Object.assign(new Error('x', { cause: value }), value))
    log.info({}, 'argument %o', value as object)
    expect(lines).toHaveLength(5)
    expect(all()).not.toContain(hush)
    expect(all()).not.toContain(Buffer.from(hush.repeat(3)).toString('base64').slice(0, 16))
  })

  it('hides what is in the text of messages and of errors with their causes', () => {
    const { log, lines, all, last } = open()
    log.info(`fetching ${signed}`)
    log.info('fetching %s', signed)
    log.info({}, `stored ${dataUri}`)
    log.error(new StoreError(`Cannot read ${signed}`, { cause: new Error(`GET ${signed} failed`) }))
    expect(last().msg).toBe('Cannot read https://files.test/…')
    expect(last().err).toMatchObject({ type: 'StoreError', retryable: true, url: 'https://files.test/…' })
    expect(last().err.cause.message).toBe('GET https://files.test/… failed')
    expect(last().err.stack).toContain('log.test.ts')
    expect(lines).toHaveLength(4)
    expect(all()).not.toContain(hush)
  })

  it('hides bytes and vectors, under any name and as text', () => {
    const { log, all, last } = open()
    const floats = Float32Array.from(vector)
    log.info({ a: floats, b: vector, c: Buffer.from(hush), d: { e: [vector] }, f: floats.buffer, embedding: [0.5] })
    expect(last()).toMatchObject({
      a: '[2048 bytes]',
      b: '[512 numbers]',
      c: '[8 bytes]',
      d: { e: ['[512 numbers]'] },
      f: '[2048 bytes]',
      embedding: '[redacted]',
    })
    log.info(`vector ${JSON.stringify(vector)}`)
    log.info({ text: vector.join(', ') })
    log.info(`bytes ${Buffer.from(floats.buffer).toString('base64')}`)
    expect(all()).not.toContain(String(vector[100]))
    expect(all()).not.toContain(Buffer.from(floats.buffer).toString('base64').slice(100, 140))
  })

  it('survives circles and depth', () => {
    const { log, last } = open()
    const circle: Record<string, unknown> = { name: 'x' }
    circle.self = circle
    const error = new Error('round')
    error.cause = error
    log.info({ circle, error })
    expect(last().circle.name).toBe('x')
    expect(last().error.message).toBe('round')
  })
})
