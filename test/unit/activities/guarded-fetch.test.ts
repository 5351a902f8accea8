import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fetchPhoto, type PhotoFetchError } from '../../../activities/shared/fetch-photo.ts'
import { createGuardedFetch } from '../../../activities/shared/guarded-fetch.ts'
import { listenOnLoopback } from '../../support/listen-on-loopback.ts'

const secret = 'words of the server that nobody may repeat'
const hits: string[] = []

const answer = (request: IncomingMessage, response: ServerResponse) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x')
  hits.push(pathname)
  switch (pathname) {
    case '/photo':
      return response.end('a photo')
    case '/chain': {
      const left = Number(searchParams.get('left'))
      return response.writeHead(302, { location: left > 1 ? `/chain?left=${left - 1}` : '/photo' }).end()
    }
    case '/to':
      return response.writeHead(307, { location: searchParams.get('url') ?? '' }).end()
    case '/status':
      return response.writeHead(Number(searchParams.get('code')), { 'retry-after': '7' }).end(secret)
    case '/lies':
      response.writeHead(200, { 'content-length': 10 })
      return response.socket?.end('x'.repeat(5))
    case '/announces':
      return response.writeHead(200, { 'content-length': 10_000_000_000 }).write('x')
    case '/endless': {
      const timer = setInterval(() => response.write(Buffer.alloc(65_536)), 1)
      return response.on('close', () => clearInterval(timer))
    }
    case '/bomb':
      return response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50_000_000)))
    case '/silent':
      return
    case '/trickles':
    case '/flows': {
      const bytes = pathname === '/flows' ? 400 : 4
      response.writeHead(200, { 'content-length': 4_000 })
      const timer = setInterval(() => response.write(Buffer.alloc(bytes)), 20)
      return response.on('close', () => clearInterval(timer))
    }
    case '/stalls':
      return response.writeHead(200).write('x')
    default:
      return response.writeHead(404).end(secret)
  }
}

const server = createServer(answer)
let base: string
beforeAll(async () => {
  const port = await listenOnLoopback(server)
  base = `http://127.0.0.1:${port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const development = createGuardedFetch({
  allowPrivateNetwork: true,
  headersTimeoutMs: 300,
  idleTimeoutMs: 300,
  totalTimeoutMs: 3_000,
})
const strict = createGuardedFetch({ allowPrivateNetwork: false })
const get = (url: string, maxBytes = 1_000_000) => fetchPhoto(development, url, { maxBytes })
const failure = async (promise: Promise<unknown>): Promise<PhotoFetchError> => {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  )
  expect(error).toMatchObject({ name: 'PhotoFetchError' })
  expect((error as Error).message).not.toContain(secret)
  return error as PhotoFetchError
}

describe('fetching a photo', () => {
  it('gives its bytes', async () => {
    expect(new TextDecoder().decode(await get(`${base}/photo`))).toBe('a photo')
  })

  it('follows five redirects and no more', async () => {
    expect(await get(`${base}/chain?left=5`)).toHaveLength(7)
    expect(await failure(get(`${base}/chain?left=6`))).toMatchObject({ type: 'photo_unreachable', retryable: false })
  })

  it.each([
    ['metadata', 'http://169.254.169.254/latest/meta-data'],
    ['metadata as a number', 'http://2852039166/'],
    ['metadata in IPv6', 'http://[::ffff:169.254.169.254]/'],
    ['a file', 'file:///etc/passwd'],
    ['credentials', 'http://user:password@example.com/'],
  ])('does not follow a redirect to %s', async (_, url) => {
    expect(await failure(get(`${base}/to?url=${encodeURIComponent(url)}`))).toMatchObject({
      type: 'address_refused',
      retryable: false,
    })
  })

  it.each([404, 401, 410])('gives up on a %d', async (code) => {
    expect(await failure(get(`${base}/status?code=${code}`))).toMatchObject({
      type: 'photo_unreachable',
      retryable: false,
      details: { status: code },
    })
  })

  it.each([503, 429, 500])('may be tried again after a %d, when the server says so', async (code) => {
    expect(await failure(get(`${base}/status?code=${code}`))).toMatchObject({
      type: 'photo_unreachable',
      retryable: true,
      retryAfterMs: 7_000,
    })
  })

  it('stops at the limit, whatever length was announced', async () => {
    for (const path of ['announces', 'endless', 'bomb']) {
      expect(await failure(get(`${base}/${path}`))).toMatchObject({
        type: 'photo_too_large',
        retryable: false,
        details: { limitBytes: 1_000_000 },
      })
    }
  })

  it('may be tried again where the connection breaks, stalls or stays silent', async () => {
    for (const path of ['lies', 'stalls', 'silent']) {
      expect(await failure(get(`${base}/${path}`))).toMatchObject({ type: 'photo_unreachable', retryable: true })
    }
  })
})

describe('a body that trickles in', () => {
  const fetch = createGuardedFetch({ allowPrivateNetwork: true, minBytesPerSecond: 2_000, rateWindowMs: 500 })

  it('is given up after one window, for good: it would hold a slot for as long as it likes', async () => {
    expect(await failure(fetchPhoto(fetch, `${base}/trickles`, { maxBytes: 10_000 }))).toMatchObject({
      type: 'photo_unreachable',
      retryable: false,
      details: { reason: 'slow' },
    })
  })

  it('is read to its end if it is fast enough', async () => {
    expect(await fetchPhoto(fetch, `${base}/flows`, { maxBytes: 10_000 })).toHaveLength(4_000)
  })
})

describe('the address guard', () => {
  it.each([
    'http://127.0.0.1/',
    'http://localhost/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[fe80::1]/',
    'http://10.0.0.1/',
    'http://192.168.1.1/',
    'http://172.16.0.1/',
    'http://100.64.0.1/',
    'http://169.254.169.254/',
    'http://0.0.0.0/',
    'http://224.0.0.1/',
    'ftp://example.com/',
    'http://user@example.com/',
    'javascript:alert(1)',
    'nonsense',
  ])('refuses %s before a byte is sent', async (url) => {
    expect(await failure(fetchPhoto(strict, url, { maxBytes: 10 }))).toMatchObject({ type: 'address_refused' })
  })

  it('never reaches localhost with a trailing dot, which not every resolver knows', async () => {
    const { type } = await failure(fetchPhoto(strict, 'http://localhost./', { maxBytes: 10 }))
    expect(['address_refused', 'photo_unreachable']).toContain(type)
  })

  const resolvingTo = (...answers: string[][]) => {
    let asked = 0
    return {
      asked: () => asked,
      fetch: createGuardedFetch({
        allowPrivateNetwork: false,
        connectTimeoutMs: 300,
        lookup: (_, __, callback) => {
          const addresses = answers[Math.min(asked++, answers.length - 1)]!
          callback(
            null,
            addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
          )
        },
      }),
    }
  }

  it('refuses a name that leads inside, alone or beside a public address', async () => {
    for (const addresses of [['127.0.0.1'], ['::1'], ['93.184.215.14', '10.0.0.1']]) {
      const { fetch } = resolvingTo(addresses)
      expect(await failure(fetchPhoto(fetch, 'http://photos.example/', { maxBytes: 10 }))).toMatchObject({
        type: 'address_refused',
      })
    }
  })

  it('connects to the address that it checked: a name is asked once, and its second answer is never used', async () => {
    const port = new URL(base).port
    const before = hits.length
    // TEST-NET addresses are refused; loopback comes second, where a careless client would connect.
    const { fetch, asked } = resolvingTo(['192.0.2.1'], ['127.0.0.1'])
    await failure(fetchPhoto(fetch, `http://photos.example:${port}/photo`, { maxBytes: 10 }))
    expect(asked()).toBe(1)
    expect(hits.length).toBe(before)
  })
})
