import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readTokenFile, watchTokenFile, writeTokenFile } from '../../../api/token-file.ts'
import { findToken, makeToken } from '../../../api/token-records.ts'
import { eventually } from '../../support/eventually.ts'
import { atEdge, photo, startApi, type TestApi, webhookSecret } from '../../support/test-api.ts'

let folder: string
let file: string
let api: TestApi
const tokens: Record<string, string> = {}
const problems: string[] = []

const as = (who: string, scheme = 'Bearer') => ({ authorization: `${scheme} ${tokens[who] ?? who}` })
const get = (path: string, headers: Record<string, string> = {}) => api.request(path, { headers })
const add = async (name: string, tenant: string, scope: 'api' | 'operator' = 'api') => {
  const { token, record } = await makeToken(tenant, { scope })
  tokens[name] = token
  await writeTokenFile(file, [...(await readTokenFile(file)), record])
  return record.id
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'idem-tokens-'))
  file = join(folder, 'state/tokens.json')
  await add('acme', 'acme')
  await add('other', 'other')
  await add('reader', 'reader')
  await add('operator', 'operator', 'operator')
  api = await startApi(
    {
      access: {
        readTokens: watchTokenFile(file, ({ message }) => problems.push(message)),
        addressOf: () => '192.0.2.1',
      },
      tokens: await readTokenFile(file),
      limits: { maxRunning: 2 },
      corsOrigins: ['https://app.example.com'],
    },
    { workers: false },
  )
})
afterAll(async () => {
  await api.stop()
  await rm(folder, { recursive: true })
})

describe('tokens', () => {
  it('are kept as hashes, in a file for its owner alone', async () => {
    const text = await readFile(file, 'utf8')
    for (const token of Object.values(tokens)) expect(text).not.toContain(token.slice(5))
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  it('are found whatever their place, and nothing else is', async () => {
    const records = await readTokenFile(file)
    expect((await findToken(tokens.other!, records))?.tenant).toBe('other')
    expect(await findToken(`${tokens.other}x`, records)).toBeUndefined()
    expect(await findToken('', records)).toBeUndefined()
  })

  it.each([
    {},
    { authorization: 'Bearer' },
    { authorization: 'Bearer idem_wrong' },
    { authorization: 'Basic YTpi' },
    { authorization: `Bearer ${'x'.repeat(10_000)}` },
  ])('are asked for: %j is a 401', async (headers) => {
    const response = await get('/v1/account', headers as Record<string, string>)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
    expect(response.headers.get('content-type')).toBe('application/problem+json')
  })

  it('work as Bearer and as Token', async () => {
    for (const scheme of ['Bearer', 'Token', 'bearer']) {
      expect(await (await get('/v1/account', as('acme', scheme))).json()).toMatchObject({ username: 'acme' })
    }
  })

  it('of operators are not for the API', async () => {
    expect((await get('/v1/account', as('operator'))).status).toBe(403)
  })

  it('are not asked for health and documents', async () => {
    for (const path of ['/healthz', '/openapi.json']) expect((await get(path)).status).toBe(200)
    expect((await get('/readyz')).status).toBe(503)
  })

  // At the edge there is no file: tokens are a binding, and another one takes a deployment.
  it.skipIf(atEdge)('can be added and revoked while the API runs; a spoilt file lets nobody in', async () => {
    const id = await add('late', 'late')
    await eventually(async () => expect((await get('/v1/account', as('late'))).status).toBe(200))
    const left = (await readTokenFile(file)).filter((record) => record.id !== id)
    await writeTokenFile(file, left)
    await eventually(async () => expect((await get('/v1/account', as('late'))).status).toBe(401))
    const good = await readFile(file)
    await writeFile(file, '{"tokens": [{}]}')
    await eventually(async () => expect((await get('/v1/account', as('acme'))).status).toBe(401))
    expect(problems.join()).toContain('malformed')
    await writeFile(file, good)
    await eventually(async () => expect((await get('/v1/account', as('acme'))).status).toBe(200))
  })
})

describe('tenants', () => {
  it('do not see each other: predictions, files, lists, keys', async () => {
    const key = { 'idempotency-key': 'the-same' }
    const mine = await api.json(api.post({ input: { input_image: photo } }, { ...as('acme'), ...key }))
    for (const [path, method] of [
      ['', 'GET'],
      ['/cancel', 'POST'],
      ['', 'DELETE'],
      ['/stream', 'GET'],
      ['/manifest', 'GET'],
      ['/webhook/redeliver', 'POST'],
    ]) {
      const response = await api.request(`/v1/predictions/${mine.id}${path}`, { method: method!, headers: as('other') })
      expect([method, path, response.status]).toEqual([method, path, 404])
    }
    const theirs = await api.json(api.post({ input: { input_image: photo } }, { ...as('other'), ...key }))
    expect(theirs.id).not.toBe(mine.id)
    await eventually(async () => {
      const { results } = await api.json<{ results: { id: string }[] }>(get('/v1/predictions', as('other')))
      expect(results.map(({ id }) => id)).toEqual([theirs.id])
    })

    const form = new FormData()
    form.set('content', new File(['photo'], 'me.jpg', { type: 'image/jpeg' }))
    const upload = await api.request('/v1/files', { method: 'POST', body: form, headers: as('acme') })
    const { id, urls } = await api.json<{ id: string; urls: { get: string } }>(upload)
    expect((await get(`/v1/files/${id}`, as('acme'))).status).toBe(200)
    expect((await get(`/v1/files/${id}`, as('other'))).status).toBe(404)
    expect((await api.request(`/v1/files/${id}`, { method: 'DELETE', headers: as('other') })).status).toBe(404)
    expect((await api.post({ input: { input_image: urls.get } }, as('other'))).status).toBe(422)
    const identity = await api.post({ input: { identity_of: mine.id } }, as('other'))
    expect(identity.status).toBe(404)
  })

  it('have webhook secrets of their own that clients can read', async () => {
    const secret = async (who: string) =>
      (await api.json<{ key: string }>(get('/v1/webhooks/default/secret', as(who)))).key
    const [mine, theirs] = [await secret('acme'), await secret('other')]
    expect(mine).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(new Set([mine, theirs, webhookSecret]).size).toBe(3)
  })

  it('may run so many predictions at a time', async () => {
    await api.post({ input: { input_image: photo } }, as('acme'))
    await eventually(async () => {
      const response = await api.post({ input: { input_image: photo } }, as('acme'))
      expect([response.status, response.headers.get('retry-after')]).toEqual([429, '5'])
    })
    expect((await api.post({ input: { input_image: photo } }, as('other'))).status).toBe(201)
  })
})

describe('a stream', () => {
  it('is for whoever has its signed URL, and no other prediction is', async () => {
    const { urls } = await eventually(async () => {
      const response = await api.post({ input: { input_image: photo } }, as('reader'))
      expect(response.status).toBe(201)
      return api.json<{ urls: { stream: string } }>(response)
    })
    const { pathname, search } = new URL(urls.stream)
    const response = await get(pathname + search)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    await response.body?.cancel()
    expect((await get(pathname)).status).toBe(401)
    expect((await get(pathname + search.replace(/expires=\d/, 'expires=9'))).status).toBe(403)
    expect((await get(pathname.replace(/\/[^/]{26}\//, `/${'0'.repeat(26)}/`) + search)).status).toBe(403)
  })
})

describe('a browser', () => {
  const preflight = (origin: string) =>
    api.request('/v1/predictions', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    })

  it('is let in from origins that are configured, and no other', async () => {
    const good = await preflight('https://app.example.com')
    expect(good.headers.get('access-control-allow-origin')).toBe('https://app.example.com')
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull()
  })

  it('gets headers that keep it safe, with problems too', async () => {
    for (const path of ['/healthz', '/nothing', '/v1/account']) {
      const { headers } = await get(path)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('x-frame-options')).toBe('SAMEORIGIN')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
    }
  })
})

describe('an address that does not take a method', () => {
  it.each([
    ['/v1/predictions', 'PATCH', 'GET, HEAD, POST'],
    [`/v1/predictions/${'0'.repeat(26)}`, 'POST', 'DELETE, GET, HEAD'],
    ['/v1/files/public/outputs/a/0.png', 'POST', 'GET, HEAD'],
    ['/healthz', 'POST', 'GET, HEAD'],
  ])('answers a problem that names those it takes: %s %s', async (path, method, allow) => {
    const response = await api.request(path, { method, headers: as('acme') })
    expect(response.status).toBe(405)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      allow,
      'content-type': 'application/problem+json',
      'x-content-type-options': 'nosniff',
    })
    expect(await response.json()).toMatchObject({ status: 405, detail: `This URL accepts only ${allow}` })
  })

  it.each(['/v1/nothing', `/v1/predictions/${'0'.repeat(26)}`])(
    'is not one that has nothing to answer: %s',
    async (path) => {
      const response = await get(path, as('acme'))
      expect([response.status, response.headers.get('allow')]).toEqual([404, null])
    },
  )
})

it('holds each tenant to so many requests a minute', async () => {
  const limited = await startApi({ requestsPerMinute: { tenant: 3 } }, { workers: false })
  const statuses: number[] = []
  for (let i = 0; i < 5; i++) statuses.push((await limited.request('/v1/account')).status)
  expect(statuses).toEqual([200, 200, 200, 429, 429])
  const response = await limited.request('/v1/account')
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
  expect((await limited.request('/healthz')).status).toBe(200)
  await limited.stop()
})
