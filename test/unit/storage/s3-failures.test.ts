import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { createS3Store } from '../../../storage/drivers/s3/s3-store.ts'
import { parseS3Url } from '../../../storage/drivers/s3/s3-url.ts'
import { type ArtifactStoreError, readAll } from '../../../storage/store.ts'
import { listenOnLoopback } from '../../support/listen-on-loopback.ts'
import { pattern, streamOf } from '../../support/store-suite.ts'

const contentType = 'text/plain'
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'not-a-secret' }
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

interface Seen {
  method: string
  url: string
  headers: IncomingMessage['headers']
  bytes: number
}

/** A server that answers each request as told, and remembers what it saw. */
const serve = async (answer: (seen: Seen, response: ServerResponse, count: number) => void) => {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    let bytes = 0
    for await (const chunk of request) bytes += (chunk as Buffer).length
    const { method = '', url = '', headers } = request
    seen.push({ method, url, headers, bytes })
    answer(seen.at(-1)!, response, seen.length)
  })
  const port = await listenOnLoopback(server)
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const endpoint = `http://127.0.0.1:${port}`
  const open = (more = '', options = {}) =>
    createS3Store({
      location: parseS3Url(`s3://bucket?endpoint=${endpoint}${more}`),
      credentials,
      attempts: 3,
      retryMs: 1,
      timeoutMs: 300,
      ...options,
    })
  return { open, seen, endpoint }
}

const errorOf = async (promise: Promise<unknown>) => (await promise.catch((error) => error)) as ArtifactStoreError
const read = async (store: Awaited<ReturnType<typeof serve>>['open'] extends (...a: never[]) => infer S ? S : never) =>
  readAll((await store.get('a'))!)

describe('an s3 server in trouble', () => {
  it.each([503, 500, 429, 409])('is asked again after a %i, and the bytes go whole each time', async (status) => {
    const { open, seen } = await serve((_, response, count) => response.writeHead(count < 3 ? status : 200).end())
    expect(await open().put('a', pattern(1000), { contentType })).toBe('written')
    expect(seen.map(({ method, bytes }) => `${method} ${bytes}`)).toEqual(['PUT 1000', 'PUT 1000', 'PUT 1000'])
  })

  it('is given up on after some tries, with a failure that may be retried later', async () => {
    const { open, seen } = await serve((_, response) => {
      response.writeHead(503).end('<Error><Code>SlowDown</Code><Message>secret</Message></Error>')
    })
    const error = await errorOf(open().put('a', pattern(10), { contentType }))
    expect(error).toMatchObject({ name: 'ArtifactStoreError', retryable: true })
    expect(error.message).toBe('Cannot store a: the server answered 503 SlowDown')
    expect(seen).toHaveLength(3)
  })

  it('is asked once where asking again cannot help', async () => {
    const { open, seen } = await serve((_, response) => response.writeHead(403).end())
    expect(await errorOf(open().head('a'))).toMatchObject({ retryable: false })
    expect(seen).toHaveLength(1)
  })

  it('is asked again when it drops the connection', async () => {
    const { open, seen } = await serve((_, response, count) => (count < 3 ? response.destroy() : response.end('whole')))
    expect(await open().put('a', pattern(10), { contentType })).toBe('written')
    expect(seen).toHaveLength(3)
  })

  it('that is not there is a failure that may be retried', async () => {
    const { open } = await serve(() => undefined)
    for (const close of closers.splice(0)) close()
    expect(await errorOf(open().get('a'))).toMatchObject({
      retryable: true,
      message: 'Cannot read a: the server cannot be reached',
    })
  })

  it('that does not answer is given up on', async () => {
    const { open } = await serve(() => undefined)
    expect(await errorOf(open('', { timeoutMs: 30 }).get('a'))).toMatchObject({ retryable: true })
  })

  it('that stops in the middle of a body is given up on', async () => {
    const { open } = await serve((_, response) => response.writeHead(200, { 'content-length': 100 }).write('half'))
    const error = await errorOf(read(open('', { timeoutMs: 100 })))
    expect(error).toMatchObject({ retryable: true, message: 'Cannot read a: no byte for 100 ms' })
  })
})

describe('an s3 server that lies', () => {
  it('by a body that ends early is found out', async () => {
    const { open } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('half', () => response.destroy())
    })
    const error = await errorOf(read(open()))
    expect(error).toMatchObject({ name: 'ArtifactStoreError', retryable: true })
    expect(error.message).toBe('Cannot read a: the response ended at byte 4')
  })

  it('by no length is found out', async () => {
    const { open } = await serve((_, response) => response.writeHead(200).end('chunked'))
    expect((await errorOf(open().get('a'))).message).toBe('Cannot read a: the response does not match the request')
  })

  it.each([
    ['the whole for a part', 200, { 'content-length': 4 }],
    ['another part', 206, { 'content-length': 4, 'content-range': 'bytes 0-3/10' }],
    ['a length that is not the range', 206, { 'content-length': 4, 'content-range': 'bytes 2-9/10' }],
    ['a part of nothing', 206, { 'content-length': 4 }],
  ])('by %s is found out', async (_, status, headers) => {
    const { open } = await serve((_, response) => response.writeHead(status, headers).end('abcd'))
    expect(await errorOf(open().get('a', { start: 2, end: 5 }))).toMatchObject({ retryable: true })
  })

  it.each(['', 'not xml', '<html></html>', '<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>'])(
    'by the list %j is found out',
    async (body) => {
      const { open } = await serve((_, response) => response.end(body))
      expect((await errorOf(open().list(''))).message).toContain('the response is not a list')
    },
  )

  it('by a deletion that failed inside a 200 is found out', async () => {
    const { open } = await serve((_, response) => {
      response.end('<DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code></Error></DeleteResult>')
    })
    const error = await errorOf(open().delete(['a', 'b']))
    expect(error).toMatchObject({ retryable: false, message: 'Cannot delete b: AccessDenied' })
  })

  it('by a 200 for an upload that it does not complete or keeps half of is found out, and the parts are removed', async () => {
    for (const [complete, length, reason] of [
      ['<Error><Code>InternalError</Code></Error>', 12, 'the upload was not completed: InternalError'],
      ['<CompleteMultipartUploadResult/>', 7, 'the server keeps 7 of 12 bytes'],
    ] as const) {
      const { open, seen } = await serve(({ method, url }, response) => {
        if (method === 'HEAD') return response.writeHead(200, { 'content-length': length }).end()
        if (method === 'PUT') return response.writeHead(200, { etag: '"part"' }).end()
        const begun = '<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>'
        response.end(url.includes('uploads') ? begun : complete)
      })
      const put = open('', { partBytes: 5 }).put('a', streamOf(pattern(12), 3), { contentType })
      expect(await errorOf(put)).toMatchObject({ retryable: true, message: `Cannot store a: ${reason}` })
      expect(seen.filter(({ method }) => method === 'PUT').map(({ bytes }) => bytes)).toEqual([5, 5, 2])
      expect(seen.at(-1)).toMatchObject({ method: 'DELETE', url: '/bucket/a?uploadId=u1' })
    }
  })

  it('is not followed elsewhere', async () => {
    const { open, seen } = await serve((_, response) => response.writeHead(307, { location: '/elsewhere' }).end())
    expect(await errorOf(open().get('a'))).toMatchObject({ retryable: false })
    expect(seen).toHaveLength(1)
  })
})

describe('what is sent to s3', () => {
  it('asks for encryption by the server where it is configured, and not in a list', async () => {
    const { open, seen } = await serve(({ method }, response) => {
      response.end(method === 'GET' ? '<ListBucketResult/>' : '')
    })
    const store = open('&sse=aws:kms&kmsKeyId=key-1')
    await store.put('a', pattern(3), { contentType })
    await store.list('')
    expect(seen[0]?.headers).toMatchObject({
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'key-1',
    })
    expect(seen[1]?.headers).not.toHaveProperty('x-amz-server-side-encryption')
  })

  it('is signed with the hash of its body', async () => {
    const { open, seen } = await serve((_, response) => response.end())
    await open().put('a', new TextEncoder().encode('abc'), { contentType })
    // SHA-256 of "abc", FIPS 180-2 appendix B.1
    const hash = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    expect(seen[0]?.headers['x-amz-content-sha256']).toBe(hash)
    expect(seen[0]?.headers.authorization).toContain('x-amz-content-sha256')
  })
})
