import { describe, expect, it } from 'vitest'
import { type ArtifactStore, ArtifactStoreError, readAll } from '../../storage/store.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const type = 'application/octet-stream'

/** `size` bytes that differ from place to place. */
export const pattern = (size: number) => {
  const data = new Uint8Array(size)
  for (let i = 0; i < size; i++) data[i] = i * 31 + (i >> 8)
  return data
}

export const streamOf = (data: Uint8Array, chunkBytes = 100_000) => {
  let at = 0
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= data.length) return controller.close()
      controller.enqueue(data.slice(at, at + chunkBytes))
      at += chunkBytes
    },
  })
}

const failingStream = (data: Uint8Array) => {
  let sent = false
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent) throw new Error('The sender went away')
      sent = true
      controller.enqueue(data)
    },
  })
}

export const textOf = async (store: ArtifactStore, key: string, range?: { start: number; end?: number }) => {
  const artifact = await store.get(key, range)
  return artifact && new TextDecoder().decode(await readAll(artifact))
}

const allKeys = async (store: ArtifactStore, prefix: string, limit: number) => {
  const keys: string[] = []
  let cursor: string | undefined
  let pages = 0
  do {
    const page = await store.list(prefix, { cursor, limit })
    keys.push(...page.artifacts.map(({ key }) => key))
    cursor = page.cursor
    pages += 1
  } while (cursor !== undefined)
  return { keys, pages }
}

/** What every driver must do. `open` gives an empty store; `fetchUrl` asks for a signed URL as a client would. */
export const describeStore = (
  name: string,
  open: () => Promise<ArtifactStore>,
  fetchUrl: (url: string, init?: RequestInit) => Promise<Response>,
) => {
  describe(name, () => {
    it('gives back the bytes and the content type of what was put', async () => {
      const store = await open()
      expect(await store.put('a/photo.png', bytes('hello'), { contentType: 'image/png' })).toBe('written')
      const artifact = await store.get('a/photo.png')
      expect(artifact).toMatchObject({ key: 'a/photo.png', bytes: 5, contentType: 'image/png' })
      expect(Math.abs(artifact!.modifiedAt.getTime() - Date.now())).toBeLessThan(60_000)
      expect(await readAll(artifact!)).toEqual(bytes('hello'))
    })

    it('keeps the parameters of a content type', async () => {
      const store = await open()
      await store.put('log.txt', bytes('x'), { contentType: 'text/plain; charset=utf-8' })
      expect((await store.head('log.txt'))?.contentType).toBe('text/plain; charset=utf-8')
    })

    it('stores an empty artifact', async () => {
      const store = await open()
      await store.put('empty', new Uint8Array(), { contentType: type })
      expect(await store.head('empty')).toMatchObject({ bytes: 0 })
      expect(await textOf(store, 'empty')).toBe('')
    })

    it('stores a stream of unknown length', async () => {
      const store = await open()
      const data = pattern(1_234_567)
      await store.put('shard.tar', streamOf(data), { contentType: 'application/x-tar' })
      const artifact = await store.get('shard.tar')
      expect(artifact?.bytes).toBe(data.length)
      expect(Buffer.compare(await readAll(artifact!), data)).toBe(0)
    })

    it('keeps the old artifact, and no half one, when a stream breaks off', async () => {
      const store = await open()
      await store.put('a/kept', bytes('old'), { contentType: type })
      for (const key of ['a/kept', 'a/new']) {
        const error = await store.put(key, failingStream(pattern(50_000)), { contentType: type }).catch((e) => e)
        expect(error).toBeInstanceOf(ArtifactStoreError)
        expect(error.message).toContain(key)
      }
      expect(await textOf(store, 'a/kept')).toBe('old')
      expect(await store.head('a/new')).toBeUndefined()
      expect((await allKeys(store, '', 1000)).keys).toEqual(['a/kept'])
    })

    it('replaces an artifact with its content type', async () => {
      const store = await open()
      await store.put('a', bytes('first, and longer'), { contentType: 'text/plain' })
      await store.put('a', bytes('second'), { contentType: 'text/html' })
      expect(await textOf(store, 'a')).toBe('second')
      expect(await store.head('a')).toMatchObject({ bytes: 6, contentType: 'text/html' })
    })

    it('keeps what is there already when asked to', async () => {
      const store = await open()
      const options = { contentType: type, ifAbsent: true }
      expect(await store.put('a/b', bytes('first'), options)).toBe('written')
      expect(await store.put('a/b', bytes('second'), options)).toBe('kept')
      expect(await store.put('a/b', streamOf(bytes('third')), options)).toBe('kept')
      expect(await textOf(store, 'a/b')).toBe('first')
    })

    it('lets one of many that write at once win, for all to see', async () => {
      const store = await open()
      const texts = Array.from({ length: 12 }, (_, i) => `writer ${i}`)
      const answers = await Promise.all(
        texts.map((text) => store.put('deep/er/key', bytes(text), { contentType: type, ifAbsent: true })),
      )
      const winners = texts.filter((_, i) => answers[i] === 'written')
      expect(winners).toHaveLength(1)
      expect(await textOf(store, 'deep/er/key')).toBe(winners[0])
    })

    it('gives a range with both its ends', async () => {
      const store = await open()
      await store.put('digits', bytes('0123456789'), { contentType: type })
      expect(await textOf(store, 'digits', { start: 2, end: 4 })).toBe('234')
      expect(await textOf(store, 'digits', { start: 7 })).toBe('789')
      expect(await textOf(store, 'digits', { start: 8, end: 100 })).toBe('89')
      expect(await textOf(store, 'digits', { start: 0, end: 0 })).toBe('0')
      const part = await store.get('digits', { start: 2, end: 4 })
      expect(part?.bytes).toBe(10)
      await part?.body.cancel()
    })

    it.each([{ start: 10 }, { start: -1 }, { start: 3, end: 2 }, { start: 0.5 }])(
      'refuses the range %j of ten bytes',
      async (range) => {
        const store = await open()
        await store.put('digits', bytes('0123456789'), { contentType: type })
        await expect(store.get('digits', range)).rejects.toMatchObject({ name: 'ArtifactStoreError', retryable: false })
      },
    )

    it('has nothing where nothing was put', async () => {
      const store = await open()
      await store.put('a/b', bytes('x'), { contentType: type })
      for (const key of ['nothing', 'a', 'a/c', 'a/b/c']) {
        expect(await store.get(key)).toBeUndefined()
        expect(await store.head(key)).toBeUndefined()
      }
    })

    it('lists keys in their order, page by page', async () => {
      const store = await open()
      const keys = ['a-b', 'a.c', 'a/1', 'a/10', 'a/2', 'a/d-1', 'a/d/1', 'a/d/x/1', 'a/d0', 'aa', 'b', 'B', 'c_d/e']
      for (const key of [...keys].reverse()) await store.put(key, bytes(key), { contentType: type })
      const sorted = [...keys].sort()
      for (const limit of [1, 2, 3, 5, 1000]) {
        const { keys: listed, pages } = await allKeys(store, '', limit)
        expect(listed).toEqual(sorted)
        expect(pages).toBe(Math.ceil(keys.length / limit))
      }
    })

    it('lists what starts with a prefix, in the middle of a name too', async () => {
      const store = await open()
      for (const key of ['p/1/a', 'p/1/b', 'p/10/a', 'p/2', 'q'])
        await store.put(key, bytes('x'), { contentType: type })
      const keysOf = async (prefix: string) => (await allKeys(store, prefix, 2)).keys
      expect(await keysOf('p/1/')).toEqual(['p/1/a', 'p/1/b'])
      expect(await keysOf('p/1')).toEqual(['p/1/a', 'p/1/b', 'p/10/a'])
      expect(await keysOf('p/1/a')).toEqual(['p/1/a'])
      expect(await keysOf('nothing/')).toEqual([])
      expect((await store.list('p/2')).artifacts[0]).toMatchObject({ key: 'p/2', bytes: 1 })
    })

    it('deletes many, and takes no offence at what is not there', async () => {
      const store = await open()
      for (const key of ['d/1', 'd/2', 'd/e/3', 'keep']) await store.put(key, bytes('x'), { contentType: type })
      await store.delete(['d/1', 'd/2', 'd/e/3', 'd/4', 'never', 'keep/x'])
      await store.delete([])
      expect((await allKeys(store, '', 1000)).keys).toEqual(['keep'])
      await store.put('d', bytes('now a name again'), { contentType: type })
      expect(await textOf(store, 'd')).toBe('now a name again')
    })

    it.each([
      '',
      '/',
      '/etc/passwd',
      '..',
      '../x',
      'a/../../x',
      'a//b',
      'a/',
      './a',
      'a/./b',
      '.hidden',
      'a\\b',
      'a b',
      'a%2fb',
      'ä',
      'a\0b',
      'a\nb',
      'x'.repeat(300),
      `${'y/'.repeat(600)}z`,
    ])('refuses the key %j everywhere', async (key) => {
      const store = await open()
      const refused = { name: 'ArtifactStoreError', retryable: false }
      await expect(store.put(key, bytes('x'), { contentType: type })).rejects.toMatchObject(refused)
      await expect(store.get(key)).rejects.toMatchObject(refused)
      await expect(store.head(key)).rejects.toMatchObject(refused)
      await expect(store.delete(['fine', key])).rejects.toMatchObject(refused)
      await expect(store.signGet(key, { expiresInSeconds: 60 })).rejects.toMatchObject(refused)
      await expect(store.signPut(key, { expiresInSeconds: 60, contentType: type })).rejects.toMatchObject(refused)
    })

    it('refuses what is no content type, no prefix, no page and no life of a URL', async () => {
      const store = await open()
      const refused = { name: 'ArtifactStoreError', retryable: false }
      for (const contentType of ['', 'png', 'image/png\r\nx-evil: 1']) {
        await expect(store.put('a', bytes('x'), { contentType })).rejects.toMatchObject(refused)
      }
      await expect(store.list('../')).rejects.toMatchObject(refused)
      await expect(store.list('', { limit: 0 })).rejects.toMatchObject(refused)
      await expect(store.list('', { limit: 1001 })).rejects.toMatchObject(refused)
      await expect(store.signGet('a', { expiresInSeconds: 0 })).rejects.toMatchObject(refused)
      await expect(store.signGet('a', { expiresInSeconds: 8 * 86_400 })).rejects.toMatchObject(refused)
    })

    it('signs a URL that gives the artifact to whoever has it', async () => {
      const store = await open()
      await store.put('public/x.png', bytes('image'), { contentType: 'image/png' })
      const response = await fetchUrl(await store.signGet('public/x.png', { expiresInSeconds: 60 }))
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe('image/png')
      expect(await response.text()).toBe('image')
    })

    it('signs a URL that stores an artifact of one type', async () => {
      const store = await open()
      const url = await store.signPut('uploads/x', { expiresInSeconds: 60, contentType: 'image/jpeg' })
      const refused = await fetchUrl(url, { method: 'PUT', body: 'x', headers: { 'content-type': 'text/html' } })
      expect(refused.status).toBe(403)
      const stored = await fetchUrl(url, { method: 'PUT', body: 'photo', headers: { 'content-type': 'image/jpeg' } })
      expect(stored.status).toBe(200)
      expect(await textOf(store, 'uploads/x')).toBe('photo')
      expect((await store.head('uploads/x'))?.contentType).toBe('image/jpeg')
    })

    it('signs no URL that works for another key or method, or once its time is over', async () => {
      const store = await open()
      await store.put('public/a', bytes('a'), { contentType: type })
      await store.put('public/b', bytes('b'), { contentType: type })
      const url = await store.signGet('public/a', { expiresInSeconds: 1 })
      const statusOf = async (asked: string, init?: RequestInit) => {
        const response = await fetchUrl(asked, init)
        await response.arrayBuffer()
        return response.status
      }
      expect(await statusOf(url.replace('public/a', 'public/b'))).toBe(403)
      expect(await statusOf(url, { method: 'PUT', body: 'x', headers: { 'content-type': type } })).toBe(403)
      const altered = url.replace(/(signature=)(.)/i, (_, name, first) => `${name}${first === 'A' ? 'B' : 'A'}`)
      expect(await statusOf(altered)).toBe(403)
      await expect.poll(() => statusOf(url)).toBe(403)
    })
  })
}
