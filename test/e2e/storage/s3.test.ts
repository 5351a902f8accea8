import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Agent } from 'undici'
import { afterAll, describe, expect, it } from 'vitest'
import { createS3Store } from '../../../storage/drivers/s3/s3-store.ts'
import { parseS3Url } from '../../../storage/drivers/s3/s3-url.ts'
import { openStore } from '../../../storage/open-store.ts'
import { readAll } from '../../../storage/store.ts'
import { describeStore, pattern, streamOf, textOf } from '../../support/store-suite.ts'
import { findVersitygw, startVersitygw } from '../../support/versitygw.ts'

const contentType = 'application/x-tar'
const bytes = (text: string) => new TextEncoder().encode(text)
const path = await findVersitygw({ ci: Boolean(process.env.CI) })

describe.skipIf(!path)('against a real S3 server', async () => {
  if (!path) return
  const server = await startVersitygw(path, ['idem-test'])
  afterAll(() => server.stop())

  let opened = 0
  const url = (more = '') => `s3://idem-test/run-${++opened}?endpoint=${encodeURIComponent(server.endpoint)}${more}`
  const env = {
    AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
  }
  const common = { publicUrl: 'http://files.test', signingKey: new Uint8Array(32), cwd: '/' }
  const open = async () => openStore(url(), { ...common, env })
  const small = { credentials: server.credentials, multipartBytes: 6_000_000, partBytes: 5 * 1024 * 1024, retryMs: 5 }

  describeStore('the s3 store', open, fetch)

  it('stores large bytes and streams in parts', async () => {
    const store = createS3Store({ location: parseS3Url(url()), ...small })
    const data = pattern(12_000_000)
    for (const body of [data, streamOf(data)]) {
      expect(await store.put('shard.tar', body, { contentType })).toBe('written')
      const artifact = await store.get('shard.tar')
      expect(artifact).toMatchObject({ bytes: data.length, contentType })
      expect(Buffer.compare(await readAll(artifact!), data)).toBe(0)
      await store.delete(['shard.tar'])
    }
  })

  it('stores in parts what fits its parts exactly', async () => {
    const store = createS3Store({ location: parseS3Url(url()), ...small })
    const data = pattern(small.partBytes)
    await store.put('shard.tar', streamOf(data), { contentType })
    expect(Buffer.compare(await readAll((await store.get('shard.tar'))!), data)).toBe(0)
  })

  it('keeps what is there when parts are put if absent', async () => {
    const store = createS3Store({ location: parseS3Url(url()), ...small })
    await store.put('a', bytes('first'), { contentType })
    expect(await store.put('a', pattern(12_000_000), { contentType, ifAbsent: true })).toBe('kept')
    expect(await textOf(store, 'a')).toBe('first')
  })

  it('leaves no parts of an upload that broke off', async () => {
    const store = createS3Store({ location: parseS3Url(url()), ...small })
    let sent = 0
    const breaking = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent > 11_000_000) throw new Error('The sender went away')
        sent += 1_000_000
        controller.enqueue(pattern(1_000_000))
      },
    })
    const failure = {
      name: 'ArtifactStoreError',
      retryable: true,
      message: 'Cannot store shard.tar: the stream ended early',
    }
    await expect(store.put('shard.tar', breaking, { contentType })).rejects.toMatchObject(failure)
    expect(await store.head('shard.tar')).toBeUndefined()
    const files = await readdir(join(server.home, 'idem-test'), { recursive: true, withFileTypes: true })
    expect(files.filter((file) => file.isFile() && file.parentPath.includes('multipart'))).toEqual([])
  })

  it('deletes and lists more than one page', async () => {
    const store = await open()
    const keys = Array.from({ length: 1003 }, (_, i) => `many/${String(i).padStart(4, '0')}`)
    for (let at = 0; at < keys.length; at += 50) {
      await Promise.all(keys.slice(at, at + 50).map((key) => store.put(key, bytes(key), { contentType })))
    }
    const first = await store.list('many/')
    expect(first.artifacts.map(({ key }) => key)).toEqual(keys.slice(0, 1000))
    const second = await store.list('many/', { cursor: first.cursor })
    expect(second.artifacts.map(({ key }) => key)).toEqual(keys.slice(1000))
    expect(second.cursor).toBeUndefined()
    await store.delete(keys)
    expect((await store.list('many/')).artifacts).toEqual([])
  })

  it('speaks to virtual hosts', async () => {
    const location = parseS3Url(`s3://idem-test/virtual?endpoint=http://s3.test:${server.port}&style=virtual`)
    // The name is ours alone: no name server knows it.
    const lookup = (_: string, __: object, done: (error: null, found: { address: string; family: number }[]) => void) =>
      done(null, [{ address: '127.0.0.1', family: 4 }])
    const dispatcher = new Agent({ connect: { lookup: lookup as never } })
    const hosts = new Set<string>()
    const viaLookup = (request: Request, init: RequestInit) => {
      hosts.add(new URL(request.url).host)
      return fetch(request, { ...init, dispatcher } as RequestInit)
    }
    const store = createS3Store({ location, ...small, fetch: viaLookup as typeof fetch })
    await store.put('a/b', bytes('virtual'), { contentType })
    expect(await textOf(store, 'a/b')).toBe('virtual')
    expect([...hosts]).toEqual([`idem-test.s3.test:${server.port}`])
    expect(await store.signGet('a/b', { expiresInSeconds: 60 })).toMatch(
      /^http:\/\/idem-test\.s3\.test:\d+\/virtual\/a\/b\?/,
    )
    await dispatcher.close()
  })

  it('signs URLs for the name that callers know the server by', async () => {
    const open = `http://localhost:${server.port}`
    const store = openStore(url(`&public=${encodeURIComponent(open)}`), { ...common, env })
    await store.put('a/b', bytes('public'), { contentType })
    const signed = await store.signGet('a/b', { expiresInSeconds: 60 })
    expect(new URL(signed).origin).toBe(open)
    expect(await (await fetch(signed)).text()).toBe('public')
    // The name is part of what is signed.
    expect((await fetch(signed.replace(open, server.endpoint))).status).toBe(403)
  })

  it('says what the server refuses, at once and without a secret', async () => {
    const wrong = openStore(url(), { ...common, env: { ...env, AWS_SECRET_ACCESS_KEY: 'wrong' } })
    const error = await wrong.put('a', bytes('x'), { contentType }).catch((e) => e)
    expect(error).toMatchObject({ name: 'ArtifactStoreError', retryable: false })
    expect(error.message).toBe('Cannot store a: the server answered 403 SignatureDoesNotMatch')
    const nowhere = openStore(url().replace('idem-test', 'no-such-bucket'), { ...common, env })
    await expect(nowhere.get('a')).rejects.toMatchObject({ retryable: false, message: /NoSuchBucket/ })
    await expect(nowhere.put('a', bytes('x'), { contentType })).rejects.toThrow('NoSuchBucket')
  })
})

describe('the s3 URL', () => {
  it('is AWS with virtual hosts where it names no endpoint', () => {
    expect(parseS3Url('s3://bucket/a/b/?region=eu-west-1')).toMatchObject({
      bucket: 'bucket',
      prefix: 'a/b/',
      endpoint: 'https://s3.eu-west-1.amazonaws.com',
      region: 'eu-west-1',
      style: 'virtual',
    })
  })

  it('puts the bucket into the path where it names one', () => {
    const url = 's3://bucket?endpoint=https://minio:9000&sse=AES256'
    const location = {
      prefix: '',
      endpoint: 'https://minio:9000',
      style: 'path',
      region: 'us-east-1',
      encryption: 'AES256',
    }
    expect(parseS3Url(url)).toMatchObject(location)
    expect(parseS3Url('s3://bucket', { AWS_ENDPOINT_URL_S3: 'https://minio:9000', AWS_REGION: 'x' })).toMatchObject({
      endpoint: 'https://minio:9000',
      region: 'x',
      style: 'path',
    })
  })

  it.each([
    ['s3://', 'not s3://'],
    ['s3://Bad_Bucket/x', 'not s3://'],
    ['s3://bucket/../x', 'not a prefix'],
    ['s3://bucket?endpoint=host', 'the endpoint is not a URL'],
    ['s3://bucket?public=s3.example.com', 'public is not a URL'],
    ['s3://bucket?style=other', 'style is'],
    ['s3://bucket?sse=rot13', 'sse is'],
    ['s3://bucket?regoin=x', 'unknown option regoin'],
  ])('%s is refused: %s', (url, reason) => {
    expect(() => parseS3Url(url)).toThrow(reason)
  })

  it('needs credentials', () => {
    const options = { publicUrl: 'http://files.test', signingKey: new Uint8Array(32), cwd: '/' }
    expect(() => openStore('s3://bucket', options)).toThrow('AWS_ACCESS_KEY_ID')
  })
})

describe('the s3 driver', () => {
  it('imports nothing of Node, to run at the edge', async () => {
    const seen = new Set<string>()
    const visit = async (file: string): Promise<void> => {
      if (seen.has(file)) return
      seen.add(file)
      const text = await readFile(file, 'utf8')
      expect(text, file).not.toMatch(/from '(node:|undici)|\bBuffer\b|process\.env/)
      for (const [, target = ''] of text.matchAll(/from '(\.[^']+)'/g)) await visit(resolve(dirname(file), target))
    }
    await visit(resolve('storage/drivers/s3/s3-store.ts'))
    expect(seen.size).toBeGreaterThan(5)
  })
})
