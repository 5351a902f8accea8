import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { makeToken } from '../../../api/token-records.ts'
import type { Prediction } from '../../../contracts/prediction.ts'
import { photo, startApi, type TestApi } from '../../support/test-api.ts'

// Requests per minute, of a tenant and of an address.
const [perTenant, perAddress] = [20, 5]

let api: TestApi
const tokens: Record<string, string> = {}
let address = '192.0.2.1'
const as = (who: string) => ({ authorization: `Bearer ${tokens[who]}` })
const get = (path: string, headers: Record<string, string> = {}) => api.request(path, { headers })
const create = async (who: string) => api.json<Prediction>(api.post({ input: { input_image: photo } }, as(who)))
const pathOf = (url: string) => {
  const { pathname, search } = new URL(url)
  return pathname + search
}
const open = async (path: string) => {
  const response = await get(path)
  await response.body?.cancel()
  return response.status
}

beforeAll(async () => {
  const made = await Promise.all(['acme', 'other', 'busy'].map((tenant) => makeToken(tenant)))
  for (const { token, record } of made) tokens[record.tenant] = token
  const records = made.map(({ record }) => record)
  api = await startApi(
    {
      access: { readTokens: async () => records, addressOf: () => address },
      requestsPerMinute: { tenant: perTenant, address: perAddress },
    },
    { workers: false },
  )
})
afterAll(() => api.stop())
afterEach(() => vi.restoreAllMocks())

describe('rubbish that is sent to a stream', () => {
  it("uses up nobody else's requests: signed streams of every tenant open, and tokens work", async () => {
    const [mine, theirs] = [await create('acme'), await create('other')]
    const rubbish: string[] = []
    for (let i = 0; i < perTenant + perAddress + 10; i++) {
      rubbish.push(`/v1/predictions/${mine.id}/stream?expires=1&holder=~acme&signature=${'A'.repeat(43)}`)
    }
    const statuses = await Promise.all(rubbish.map(open))
    expect(new Set(statuses)).toEqual(new Set([403, 429]))
    expect(statuses.filter((status) => status === 403)).toHaveLength(perAddress)
    for (const { urls } of [mine, theirs]) expect(await open(pathOf(urls.stream))).toBe(200)
    for (const who of ['acme', 'other']) expect((await get('/v1/account', as(who))).status).toBe(200)
  })

  it('is not looked up before its signature is right', async () => {
    const { id, urls } = await create('busy')
    const read = vi.spyOn(api.orchestrator, 'read')
    address = '192.0.2.2'
    const forged = pathOf(urls.stream).replace(/signature=./, 'signature=_')
    expect([403, 429]).toContain(await open(forged))
    expect(read).not.toHaveBeenCalled()
    expect(id).toMatch(/^\w{26}$/)
  })

  it("counts as its tenant's where it is signed", async () => {
    const { urls } = await create('busy')
    const statuses: number[] = []
    for (let i = 0; i < perTenant; i++) statuses.push(await open(pathOf(urls.stream)))
    expect(statuses).toContain(429)
    expect((await get('/v1/account', as('busy'))).status).toBe(429)
    expect((await get('/v1/account', as('other'))).status).toBe(200)
  })
})

describe('requests without a token', () => {
  it('are counted by their address, whatever they ask for, but not those of probes', async () => {
    address = '192.0.2.3'
    const paths = ['/openapi.json', '/v1/account', '/nothing', '/v1/files', '/openapi.json']
    const statuses = await Promise.all(paths.map((path) => open(path)))
    expect(statuses).toEqual([200, 401, 404, 401, 200])
    const wrong = { authorization: 'Bearer idem_wrong' }
    for (const headers of [{}, wrong]) {
      const response = await get('/openapi.json', headers)
      expect([response.status, Number(response.headers.get('retry-after')) > 0]).toEqual([429, true])
    }
    for (let i = 0; i < 10; i++) expect([200, 503]).toContain((await get(i % 2 ? '/healthz' : '/readyz')).status)
    expect((await get('/openapi.json', as('acme'))).status).toBe(200)
    address = '192.0.2.4'
    expect((await get('/openapi.json')).status).toBe(200)
  })
})

describe('what anyone may ask for', () => {
  it('costs nothing the second time', async () => {
    const own = await startApi({}, { workers: false })
    const build = vi.spyOn(own.app, 'getOpenAPI31Document')
    const unpolled = vi.spyOn(own.orchestrator, 'unpolledQueues')
    const ask = async (path: string) => (await own.request(path)).text()
    for (const path of ['/openapi.json', '/readyz']) {
      const answers = await Promise.all(Array.from({ length: 100 }, () => ask(path)))
      expect(new Set(answers).size).toBe(1)
    }
    expect([build, unpolled].map(({ mock }) => mock.calls.length)).toEqual([1, 1])
    await own.stop()
  })
})
