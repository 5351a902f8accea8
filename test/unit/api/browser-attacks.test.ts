import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { requireKnownHost } from '../../../api/middleware/known-host.ts'
import { refuseCrossSite } from '../../../api/middleware/same-site.ts'
import type { Problem } from '../../../api/problem.ts'

const publicUrl = 'https://idem.example/api'
const app = new Hono()
app.onError((error) => (error as Problem).toResponse())
app.use(requireKnownHost(publicUrl))
app.use(refuseCrossSite({ publicUrl, corsOrigins: ['https://app.example.com'] }))
app.all('*', (c) => c.text('answered'))

const statusOf = async (headers: object, method = 'GET') =>
  (await app.request('http://127.0.0.1:8787/v1/account', { method, headers: { ...headers } })).status

describe('a name that leads to this machine', () => {
  it.each(['127.0.0.1:8787', 'localhost', '[::1]:8787', 'idem.example', 'IDEM.example:443'])(
    'is answered: %s',
    async (host) => expect(await statusOf({ host })).toBe(200),
  )

  it.each(['evil.example', 'evil.example:8787', 'localhost.evil.example', '192.168.1.5:8787', '0.0.0.0:8787'])(
    'is refused unless it is known: %s',
    async (host) => {
      for (const method of ['GET', 'POST', 'OPTIONS']) expect(await statusOf({ host }, method)).toBe(421)
    },
  )
})

describe('a page in a browser', () => {
  it.each([
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { origin: 'https://idem.example.evil.example' },
  ])('of another site can change nothing: %j', async (headers) => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) expect(await statusOf(headers, method)).toBe(403)
    expect(await statusOf(headers)).toBe(200)
  })

  it.each([
    {},
    { origin: 'https://idem.example', 'sec-fetch-site': 'same-origin' },
    { origin: 'http://127.0.0.1:8787', 'sec-fetch-site': 'same-origin' },
    { origin: 'https://app.example.com', 'sec-fetch-site': 'cross-site' },
  ])('of this API or of a configured origin can: %j', async (headers) =>
    expect(await statusOf(headers, 'POST')).toBe(200),
  )
})
