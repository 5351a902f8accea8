import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, LookupFunction } from 'node:net'
import { gzipSync } from 'node:zlib'
import { generate } from 'selfsigned'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createGuardedFetch, type GuardedFetchOptions } from '../../../activities/shared/guarded-fetch.ts'

const servers: Server[] = []
afterEach(() => {
  vi.unstubAllEnvs()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

const listen = async (server: Server, host = '127.0.0.1'): Promise<number> => {
  servers.push(server)
  server.listen(0, host)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
const hello: RequestListener = (_, response) => void response.end('hello')

/** Gives its answers one after the other, the last one again and again. */
const answering = (...answers: string[]) => {
  let asked = 0
  const lookup = ((_name, _options, callback) => {
    const address = answers[Math.min(asked++, answers.length - 1)]!
    callback(null, [{ address, family: address.includes(':') ? 6 : 4 }])
  }) as LookupFunction
  return { lookup, asked: () => asked }
}

const get = async (url: string, options: Partial<GuardedFetchOptions> = {}, signal?: AbortSignal) => {
  const fetch = createGuardedFetch({ allowPrivateNetwork: true, ...options })
  const { status, body } = await fetch(url, { maxBytes: 1_000_000, maxRedirects: 5, ...(signal && { signal }) })
  return { status, text: new TextDecoder().decode(body) }
}
const notPublic = { kind: 'address_refused', details: { reason: 'not_public' } }

describe('a guarded connection', () => {
  it('goes to the address that was checked, though the name leads elsewhere a moment later', async () => {
    const port = await listen(createServer(hello))
    const { lookup, asked } = answering('127.0.0.1', '169.254.169.254')
    expect(await get(`http://photos.example:${port}/`, { lookup })).toEqual({ status: 200, text: 'hello' })
    expect(asked()).toBe(1)
  })

  it('checks the name again on a redirect to itself', async () => {
    const seen: string[] = []
    const port = await listen(
      createServer((request, response) => {
        seen.push(request.url ?? '')
        response.writeHead(302, { location: '/next' }).end()
      }),
    )
    const { lookup, asked } = answering('127.0.0.1', '169.254.169.254')
    await expect(get(`http://photos.example:${port}/`, { lookup })).rejects.toMatchObject(notPublic)
    expect(asked()).toBe(2)
    expect(seen).toEqual(['/'])
  })

  it.each(['http://169.254.169.254/', 'http://[64:ff9b::a9fe:a9fe]/', 'https://0xa9fea9fe/', '//0251.0376.0251.0376/'])(
    'follows no redirect to %s',
    async (location) => {
      const port = await listen(createServer((_, response) => void response.writeHead(302, { location }).end()))
      await expect(get(`http://127.0.0.1:${port}/`)).rejects.toMatchObject(notPublic)
    },
  )

  it('reaches IPv6, by literal and by name, and refuses it where private addresses are', async () => {
    const port = await listen(createServer(hello), '::1')
    expect(await get(`http://[::1]:${port}/`)).toMatchObject({ text: 'hello' })
    expect(await get(`http://photos.example:${port}/`, answering('::1'))).toMatchObject({ text: 'hello' })
    for (const host of ['[::1]', 'photos.example']) {
      const strict = get(`http://${host}:${port}/`, { ...answering('::1'), allowPrivateNetwork: false })
      await expect(strict).rejects.toMatchObject(notPublic)
    }
  })

  it("checks a server's certificate against the name in the URL", async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'photos.example' }], {
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'photos.example' }] }],
    })
    const port = await listen(createTlsServer({ key, cert }, hello))
    const options = { ...answering('127.0.0.1'), ca: cert }
    const certificate = { kind: 'unreachable', retryable: false, details: { reason: 'certificate' } }
    expect(await get(`https://photos.example:${port}/`, options)).toMatchObject({ text: 'hello' })
    await expect(get(`https://other.example:${port}/`, options)).rejects.toMatchObject(certificate)
    await expect(get(`https://photos.example:${port}/`, answering('127.0.0.1'))).rejects.toMatchObject(certificate)
  })

  it('asks no proxy of the environment', async () => {
    const seen: string[] = []
    const proxy = await listen(
      createServer((request, response) => {
        seen.push(request.url ?? '')
        response.end()
      }),
    )
    const port = await listen(createServer(hello))
    for (const name of ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY']) {
      vi.stubEnv(name, `http://127.0.0.1:${proxy}`)
    }
    vi.stubEnv('NODE_USE_ENV_PROXY', '1')
    expect(await get(`http://127.0.0.1:${port}/`)).toMatchObject({ text: 'hello' })
    expect(seen).toEqual([])
  })

  it('carries no cookie and no credentials from hop to hop', async () => {
    const headers: Record<string, unknown>[] = []
    const port = await listen(
      createServer((request, response) => {
        headers.push(request.headers)
        if (request.url === '/next') response.end()
        else response.writeHead(302, { location: '/next', 'set-cookie': 'session=1' }).end()
      }),
    )
    await get(`http://127.0.0.1:${port}/`)
    expect(headers.map((h) => Object.keys(h).sort())).toEqual(
      Array(2).fill(['accept-encoding', 'connection', 'host', 'user-agent']),
    )
  })

  it('names itself, and whom to ask about its requests', async () => {
    const agents: unknown[] = []
    const port = await listen(
      createServer((request, response) => {
        agents.push(request.headers['user-agent'])
        response.end()
      }),
    )
    await get(`http://127.0.0.1:${port}/`)
    await get(`http://127.0.0.1:${port}/`, { contact: 'https://example.com/bots' })
    expect(agents).toEqual(['idem', 'idem (+https://example.com/bots)'])
  })

  it('decodes what was encoded unasked, and takes an unknown or broken encoding for a failure', async () => {
    const port = await listen(
      createServer((request, response) => {
        const encoding = request.url!.slice(1)
        response.writeHead(200, { 'content-encoding': encoding === 'broken' ? 'gzip' : encoding })
        response.end(encoding === 'gzip' ? gzipSync('hello') : 'hello')
      }),
    )
    expect(await get(`http://127.0.0.1:${port}/gzip`)).toMatchObject({ text: 'hello' })
    for (const encoding of ['compress', 'broken']) {
      await expect(get(`http://127.0.0.1:${port}/${encoding}`)).rejects.toMatchObject({
        kind: 'unreachable',
        details: { reason: 'protocol' },
      })
    }
  })

  it('ends with the caller, for the reason that the caller gave', async () => {
    const port = await listen(createServer(() => undefined))
    const caller = new AbortController()
    const fetched = get(`http://127.0.0.1:${port}/`, {}, caller.signal)
    const reason = new Error('the activity was canceled')
    caller.abort(reason)
    await expect(fetched).rejects.toBe(reason)
  })

  it('takes no longer in all than it may, however often a byte arrives', async () => {
    const port = await listen(
      createServer((_, response) => {
        const timer = setInterval(() => response.write('x'), 20)
        response.on('close', () => clearInterval(timer))
      }),
    )
    await expect(get(`http://127.0.0.1:${port}/`, { totalTimeoutMs: 300 })).rejects.toMatchObject({
      kind: 'unreachable',
      retryable: true,
      details: { reason: 'timeout' },
    })
  })

  it('says that a name does not exist', async () => {
    const lookup = ((_name, _options, callback) =>
      callback(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }), [])) as LookupFunction
    await expect(get('http://photos.example/', { lookup })).rejects.toMatchObject({
      kind: 'unreachable',
      retryable: false,
      details: { reason: 'name_not_found' },
    })
  })
})
