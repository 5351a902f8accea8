import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { RateLimiter } from '../../../api/middleware/rate-limit.ts'
import { serveApp } from '../../../api/serve-app.ts'
import { makeToken } from '../../../api/token-records.ts'
import { close } from '../../../lib/listen.ts'
import { openConnection } from '../../support/raw-connection.ts'
import { startApi, type TestApi } from '../../support/test-api.ts'

const megabyte = new Uint8Array(1024 * 1024).fill(0x20)
const { token, record } = await makeToken('acme')
const { token: limited, record: limitedRecord } = await makeToken('limited')

let api: TestApi
let server: Awaited<ReturnType<typeof serveApp>>
let port: number
let connection: Awaited<ReturnType<typeof openConnection>>

beforeAll(async () => {
  const rateLimiter: RateLimiter = {
    take: async (caller) =>
      'tenant' in caller && caller.tenant === 'limited' ? { limit: 'nothing', retryAfterSeconds: 60 } : undefined,
  }
  api = await startApi({ tokens: [record, limitedRecord], rateLimiter }, { workers: false })
  server = await serveApp(api.app, { host: '127.0.0.1', port: 0 })
  port = (server.address() as AddressInfo).port
})
afterAll(async () => {
  await close(server)
  await api.stop()
})
afterEach(() => {
  vi.useRealTimers()
  connection.close()
})

const head = (method: string, path: string, headers: Record<string, string>) =>
  [`${method} ${path} HTTP/1.1`, 'host: idem.test', ...Object.entries(headers).map((pair) => pair.join(': ')), '', '']
    .join('\r\n')
    .toString()
const json = { 'content-type': 'application/json' }
const auth = { authorization: `Bearer ${token}` }
const predictions = '/v1/models/idem/arc2face/predictions'

const refusals: [number, string, string, Record<string, string>][] = [
  [401, 'POST', predictions, json],
  [401, 'POST', '/v1/files', { 'content-type': 'multipart/form-data; boundary=b' }],
  [404, 'POST', '/v1/nothing', { ...auth, ...json }],
  [404, 'POST', '/v1/models/idem/nothing/predictions/none', { ...auth, ...json }],
  [405, 'PUT', predictions, { ...auth, ...json }],
  [415, 'POST', predictions, { ...auth, 'content-type': 'text/plain' }],
  [429, 'POST', predictions, { authorization: `Bearer ${limited}`, ...json }],
]

/** Any time that the server may have set passes, without waiting for it. */
const passTime = () => vi.advanceTimersByTimeAsync(120_000)

describe('a refusal before the body has been read', () => {
  it.each(refusals)(
    '%i leaves the connection to the next request, however slowly the body comes: %s %s',
    async (...of) => {
      const [status, method, path, headers] = of
      vi.useFakeTimers({ toFake: ['setTimeout'] })
      connection = await openConnection(port)
      await connection.write(head(method, path, { ...headers, 'content-length': `${megabyte.length}` }))
      await connection.write(megabyte.subarray(0, 300_000))
      expect((await connection.response()).status).toBe(status)
      await passTime()
      await connection.write(megabyte.subarray(300_000))
      await connection.write(head('GET', '/healthz', {}))
      expect(await connection.response()).toMatchObject({ status: 200, body: '{"status":"ok"}' })
    },
  )

  it.each(refusals)('%i says that the connection ends if the body may never end: %s %s', async (...of) => {
    const [status, method, path, headers] = of
    connection = await openConnection(port)
    await connection.write(head(method, path, { ...headers, 'transfer-encoding': 'chunked' }))
    await connection.write('100000\r\n')
    await connection.write(megabyte)
    const response = await connection.response()
    expect([response.status, response.headers.connection]).toEqual([status, 'close'])
    await connection.write('\r\n0\r\n\r\n')
    expect(await connection.ended()).toEqual({ reset: undefined })
  })

  it('ends the connection of a client that goes on and on', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    connection = await openConnection(port)
    await connection.write(head('POST', predictions, { ...json, 'transfer-encoding': 'chunked' }))
    await connection.write('100000\r\n')
    expect((await connection.response()).status).toBe(401)
    await passTime()
    vi.useRealTimers()
    await connection.ended()
  })
})

describe('a body that is too large', () => {
  const tooMany = 33 * 1024 * 1024

  it('is refused by its announced size, and the whole answer arrives', async () => {
    connection = await openConnection(port)
    await connection.write(head('POST', predictions, { ...auth, ...json, 'content-length': `${tooMany}` }))
    const response = await connection.response()
    expect([response.status, response.headers.connection]).toEqual([413, 'close'])
    expect(JSON.parse(response.body)).toMatchObject({ status: 413 })
    for (let sent = 0; sent < tooMany; sent += megabyte.length) await connection.write(megabyte)
    expect(await connection.ended()).toEqual({ reset: undefined })
  })

  it('is refused in the middle if its size was not announced, and the whole answer arrives', async () => {
    connection = await openConnection(port)
    await connection.write(head('POST', predictions, { ...auth, ...json, 'transfer-encoding': 'chunked' }))
    for (let sent = 0; sent < tooMany; sent += megabyte.length) {
      await connection.write('100000\r\n')
      await connection.write(megabyte)
      await connection.write('\r\n')
    }
    const response = await connection.response()
    expect([response.status, response.headers.connection]).toEqual([413, 'close'])
    await connection.write('0\r\n\r\n')
    expect(await connection.ended()).toEqual({ reset: undefined })
  })
})

it('reads no body before it knows who sends it', async () => {
  const body = new ReadableStream({
    pull: () => {
      throw new Error('It was read')
    },
  })
  for (const path of [predictions, '/v1/predictions', '/v1/files']) {
    const init = { method: 'POST', body, duplex: 'half', headers: json } as RequestInit
    const { status } = await api.request(path, init)
    expect([path, status]).toEqual([path, 401])
  }
  expect(api.errors).toEqual([])
})
