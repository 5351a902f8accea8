import { describe, expect, it } from 'vitest'
import { createCodecServer } from '../../../api/codec-server.ts'
import { toBase64 } from '../../../lib/base64.ts'
import { parseKeyRing } from '../../../lib/crypto/key-ring.ts'
import { createPayloadCodec } from '../../../temporal/payload-codec.ts'

const ring = parseKeyRing(`a:${toBase64(new Uint8Array(32).fill(1))}`)
const app = createCodecServer({
  codecFor: (namespace) => createPayloadCodec(ring, { namespace }),
  allows: (token) => token === 'right',
  uiOrigin: 'http://127.0.0.1:8233',
})

const base64 = (text: string) => Buffer.from(text).toString('base64')
const payloads = [{ metadata: { encoding: base64('json/plain') }, data: base64('{"secret":"hush"}') }]

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  app.request(path, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: {
      authorization: 'Bearer right',
      'x-namespace': 'default',
      'content-type': 'application/json',
      ...headers,
    },
  })

describe('the codec server', () => {
  it('encodes and decodes what the Temporal UI sends', async () => {
    const encoded = await post('/encode', { payloads })
    expect(encoded.status).toBe(200)
    const text = await encoded.text()
    expect(text).not.toContain(payloads[0]!.data.slice(0, 12))
    const decoded = await post('/decode', text)
    expect(decoded.headers.get('cache-control')).toBe('no-store')
    expect(await decoded.json()).toEqual({ payloads })
  })

  it('reads what a client of Temporal wrote', async () => {
    const codec = createPayloadCodec(ring, { namespace: 'default' })
    const [encoded] = await codec.encode([
      { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('1') },
    ])
    const { encoding, 'encryption-key-id': keyId } = encoded!.metadata!
    const metadata = { encoding: toBase64(encoding!), 'encryption-key-id': toBase64(keyId!) }
    const answer = await post('/decode', { payloads: [{ metadata, data: toBase64(encoded!.data!) }] })
    expect(await answer.json()).toEqual({
      payloads: [{ metadata: { encoding: base64('json/plain') }, data: base64('1') }],
    })
  })

  it('takes the token in the path too, as the only way in without a header', async () => {
    const bare = (path: string) => post(path, { payloads }, { authorization: '' })
    expect(await (await bare('/right/decode')).json()).toEqual({ payloads })
    expect((await bare('/wrong/decode')).status).toBe(401)
    expect((await bare('/decode')).status).toBe(401)
  })

  it('passes on payloads in the clear, empty ones and none', async () => {
    expect(await (await post('/decode', { payloads })).json()).toEqual({ payloads })
    const empty = { payloads: [{ metadata: { encoding: base64('binary/null') } }] }
    expect(await (await post('/decode', empty)).json()).toEqual(empty)
    expect(await (await post('/decode', {})).json()).toEqual({ payloads: [] })
  })

  it.each([
    ['no token', ''],
    ['a wrong token', 'Bearer wrong'],
    ['another scheme', 'Basic right'],
  ])('answers nothing to %s', async (_, authorization) => {
    const response = await post('/decode', { payloads }, { authorization })
    expect([400, 401]).toContain(response.status)
    expect(await response.text()).not.toContain('payloads')
  })

  it('lets in the page of the Temporal UI alone', async () => {
    const preflight = (origin: string) =>
      app.request('/decode', {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-namespace' },
      })
    const ui = await preflight('http://127.0.0.1:8233')
    expect(ui.status).toBe(204)
    expect(ui.headers.get('access-control-allow-origin')).toBe('http://127.0.0.1:8233')
    expect(ui.headers.get('access-control-allow-headers')).toContain('x-namespace')
    expect(ui.headers.get('access-control-allow-credentials')).toBe('true')
    const other = await preflight('https://evil.test')
    expect(other.headers.get('access-control-allow-origin')).not.toBe('https://evil.test')
    expect(other.headers.get('access-control-allow-origin')).not.toBe('*')
  })

  it.each([
    ['no JSON', 'x'],
    ['no payloads', { payloads: 1 }],
    ['no base64', { payloads: [{ metadata: {}, data: '***' }] }],
  ])('refuses a body with %s', async (_, body) => {
    const response = await post('/decode', body)
    expect(response.status).toBe(400)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
  })

  it('refuses a namespace that is none, and does not decode for another one', async () => {
    expect((await post('/decode', { payloads }, { 'x-namespace': 'a\tb' })).status).toBe(400)
    const encoded = await (await post('/encode', { payloads })).text()
    const response = await post('/decode', encoded, { 'x-namespace': 'other' })
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ title: expect.stringContaining('Cannot decrypt') })
  })
})
