import { describe, expect, it } from 'vitest'
import { createCodecServer, openCodecServer } from '../../../api/codec-server.ts'
import { makeToken } from '../../../api/token-records.ts'
import { toBase64 } from '../../../lib/base64.ts'
import { parseKeyRing } from '../../../lib/crypto/key-ring.ts'
import { createPayloadCodec } from '../../../temporal/payload-codec.ts'

const ring = parseKeyRing(`a:${toBase64(new Uint8Array(32).fill(1))}`)
const codec = (codecToken?: string) =>
  createCodecServer(
    openCodecServer({
      keyRing: ring,
      codecToken,
      readTokens: async () => [operator.record, tenant.record],
      temporalUiUrl: 'http://127.0.0.1:8233/some/path',
    }),
  )
const operator = await makeToken('operator', { scope: 'operator' })
const tenant = await makeToken('acme')
const app = codec('ui')

const base64 = (text: string) => Buffer.from(text).toString('base64')
const payloads = [{ metadata: { encoding: base64('json/plain') }, data: base64('{"secret":"hush"}') }]

/** A payload that was sealed for a workflow, in protobuf's JSON. */
const encrypted = async (text: string) => {
  const codec = createPayloadCodec(ring, { namespace: 'default' })
  const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(text) }
  const [sealed] = await codec.encode([payload], { type: 'workflow', namespace: 'default', workflowId: 'p1' })
  const metadata = Object.entries(sealed!.metadata!).map(([name, value]) => [name, toBase64(value)])
  return { metadata: Object.fromEntries(metadata), data: toBase64(sealed!.data!) }
}

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  app.request(path, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: {
      authorization: `Bearer ${operator.token}`,
      'x-namespace': 'default',
      'content-type': 'application/json',
      ...headers,
    },
  })

describe('the codec server', () => {
  it('writes nothing, for whoever may read', async () => {
    for (const path of ['/encode', '/ui/encode']) {
      const response = await post(path, { payloads })
      expect([response.status, await response.json()]).toMatchObject([
        403,
        { title: expect.stringContaining('decodes') },
      ])
    }
    expect((await post('/wrong/encode', { payloads }, { authorization: '' })).status).toBe(401)
  })

  it('encodes nothing if there is nothing, as the Temporal CLI asks for every request', async () => {
    for (const body of [{}, { payloads: [] }]) {
      const response = await post('/encode', body)
      expect([response.status, await response.json()]).toEqual([200, { payloads: [] }])
    }
  })

  it('reads what a client of Temporal wrote', async () => {
    const answer = await post('/decode', { payloads: [await encrypted('1')] })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(await answer.json()).toEqual({
      payloads: [{ metadata: { encoding: base64('json/plain') }, data: base64('1') }],
    })
  })

  it('takes the token that was made for a UI as a bearer token, and in the path', async () => {
    const bare = (path: string) => post(path, { payloads }, { authorization: '' })
    expect(await (await bare('/ui/decode')).json()).toEqual({ payloads })
    expect(await (await post('/decode', { payloads }, { authorization: 'Bearer ui' })).json()).toEqual({ payloads })
    expect((await bare('/wrong/decode')).status).toBe(401)
    expect((await bare('/decode')).status).toBe(401)
  })

  it('takes no operator token in a path, which logs and histories keep', async () => {
    expect((await post(`/${operator.token}/decode`, { payloads })).status).toBe(401)
    expect((await codec().request('/undefined/decode', { method: 'POST' })).status).toBe(401)
  })

  it('reads no body of anyone who may not decode', async () => {
    const body = new ReadableStream({
      pull: () => {
        throw new Error('It was read')
      },
    })
    const init = { method: 'POST', body, duplex: 'half', headers: { 'x-namespace': 'default' } } as RequestInit
    for (const path of ['/decode', '/wrong/decode', '/wrong/encode']) {
      expect((await app.request(path, init)).status).toBe(401)
    }
  })

  it('refuses more bytes, payloads and values than a page of a history has', async () => {
    const status = async (body: string) => (await post('/decode', body)).status
    expect(await status(JSON.stringify({ payloads: [{ data: 'A'.repeat(17 * 1024 * 1024) }] }))).toBe(413)
    expect(await status(JSON.stringify({ payloads: Array.from({ length: 2001 }, () => ({})) }))).toBe(400)
    expect(await status(`{"payloads":[${'{},'.repeat(100_000)}{}]}`)).toBe(422)
    expect(await status(`${'['.repeat(100)}${']'.repeat(100)}`)).toBe(422)
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
    ['another scheme', `Basic ${operator.token}`],
    ["a tenant's token", `Bearer ${tenant.token}`],
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
    const response = await post('/decode', { payloads: [await encrypted('1')] }, { 'x-namespace': 'other' })
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ title: expect.stringContaining('Cannot decrypt') })
  })
})
