import { execFile } from 'node:child_process'
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Hono } from 'hono'
import { afterAll, describe, expect, it } from 'vitest'
import { openStore } from '../../../storage/open-store.ts'
import { verifySignedUrl } from '../../../storage/signed-url.ts'
import { type ArtifactStore, readAll } from '../../../storage/store.ts'
import { describeStore, pattern, streamOf, textOf } from '../../support/store-suite.ts'

const base = await mkdtemp(join(tmpdir(), 'idem-file-store-'))
afterAll(() => rm(base, { recursive: true }))

const signingKey = crypto.getRandomValues(new Uint8Array(32))
const publicUrl = 'http://files.test'
const contentType = 'text/plain'
const bytes = (text: string) => new TextEncoder().encode(text)

let opened = 0
let latest: { store: ArtifactStore; root: string }
const open = async () => {
  const name = `store-${++opened}`
  latest = { store: openStore(`file:${name}`, { publicUrl, signingKey, cwd: base }), root: join(base, name) }
  return latest.store
}

/** The route that a server puts in front of the store. */
const server = new Hono().on(['GET', 'PUT'], '/v1/files/*', async (c) => {
  const { url, method } = c.req
  const grant = await verifySignedUrl({
    url,
    method,
    contentType: c.req.header('content-type'),
    signingKeys: [signingKey],
  })
  if (!grant.ok) return c.text(grant.reason, 403)
  if (method === 'PUT') {
    await latest.store.put(grant.key, c.req.raw.body!, { contentType: c.req.header('content-type')! })
    return c.body(null, 200)
  }
  const artifact = await latest.store.get(grant.key)
  return artifact ? c.body(artifact.body, 200, { 'content-type': artifact.contentType }) : c.notFound()
})

describeStore('the file store', open, async (url, init) => server.request(url, init))

describe('the file store on its disk', () => {
  it('writes files that only their owner may read, and that a viewer can open', async () => {
    const store = await open()
    const png = await readFile('samples/female_0.jpg')
    await store.put('a/b/x.jpg', png, { contentType: 'image/jpeg' })
    const file = join(latest.root, 'a/b/x.jpg')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await stat(join(latest.root, 'a'))).mode & 0o777).toBe(0o700)
    expect((await readFile(file)).subarray(0, png.length).equals(png)).toBe(true)
  })

  it('leaves no temporary file behind, and no empty folder', async () => {
    const store = await open()
    await store.put('a/b/c', bytes('x'), { contentType })
    await store.put('a/b/c', bytes('y'), { contentType, ifAbsent: true })
    await store.put('a/d', streamOf(pattern(10_000)), { contentType })
    expect(await readdir(join(latest.root, '.temporary'))).toEqual([])
    await store.delete(['a/b/c', 'a/d'])
    expect(await readdir(latest.root)).toEqual(['.temporary'])
  })

  it('clears away what a crash left, and not what another process writes now', async () => {
    const store = await open()
    const temporary = join(latest.root, '.temporary')
    await mkdir(temporary, { recursive: true })
    await writeFile(join(temporary, 'crashed'), 'half')
    await utimes(join(temporary, 'crashed'), new Date(0), new Date(0))
    await writeFile(join(temporary, 'busy'), 'half')
    await store.put('a', bytes('x'), { contentType })
    expect(await readdir(temporary)).toEqual(['busy'])
    expect((await store.list('')).artifacts.map(({ key }) => key)).toEqual(['a'])
  })

  it('follows no link, neither to read, write, list nor delete', async () => {
    const store = await open()
    const outside = join(base, `outside-${opened}`)
    await mkdir(outside)
    await writeFile(join(outside, 'secret'), 'secret')
    await store.put('a/b', bytes('x'), { contentType })
    await symlink(outside, join(latest.root, 'a/out'))
    await symlink(join(outside, 'secret'), join(latest.root, 'a/secret'))

    await expect(store.get('a/out/secret')).rejects.toThrow('leads outside')
    await expect(store.put('a/out/new', bytes('x'), { contentType })).rejects.toThrow('leads outside')
    await expect(store.delete(['a/out/secret'])).rejects.toThrow('leads outside')
    expect(await store.get('a/secret')).toBeUndefined()
    expect((await store.list('')).artifacts.map(({ key }) => key)).toEqual(['a/b'])
    await store.put('a/secret', bytes('mine'), { contentType })
    expect((await lstat(join(latest.root, 'a/secret'))).isFile()).toBe(true)
    expect(await readdir(outside)).toEqual(['secret'])
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret')
  })

  it('works in a root that is a link itself', async () => {
    await mkdir(join(base, 'real'))
    await symlink(join(base, 'real'), join(base, 'link'))
    const store = openStore('file:link', { publicUrl, signingKey, cwd: base })
    await store.put('a/b', bytes('x'), { contentType })
    expect(await textOf(store, 'a/b')).toBe('x')
  })

  it('refuses to serve a file that was cut short, but lists and deletes it', async () => {
    const store = await open()
    await store.put('a', pattern(1000), { contentType })
    await truncate(join(latest.root, 'a'), 990)
    const refused = { name: 'ArtifactStoreError', retryable: false }
    await expect(store.get('a')).rejects.toMatchObject(refused)
    await expect(store.head('a')).rejects.toMatchObject(refused)
    expect((await store.list('')).artifacts).toHaveLength(1)
    await store.delete(['a'])
    expect((await store.list('')).artifacts).toEqual([])
  })

  it('goes on reading the old bytes while new ones take their place', async () => {
    const store = await open()
    const old = pattern(300_000)
    await store.put('a', old, { contentType })
    const artifact = await store.get('a')
    await store.put('a', bytes('new'), { contentType })
    expect(Buffer.compare(await readAll(artifact!), old)).toBe(0)
    expect(await textOf(store, 'a')).toBe('new')
  })

  it('says why a key cannot be an artifact and a folder', async () => {
    const store = await open()
    await store.put('a', bytes('x'), { contentType })
    await store.put('b/c', bytes('x'), { contentType })
    for (const ifAbsent of [false, true]) {
      await expect(store.put('a/b', bytes('x'), { contentType, ifAbsent })).rejects.toThrow('folder of another')
      await expect(store.put('b', bytes('x'), { contentType, ifAbsent })).rejects.toThrow('folder of another')
    }
  })

  it('survives puts and deletes that make and remove the same folder', async () => {
    const store = await open()
    await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        await store.put(`p/q/${i}`, bytes(`${i}`), { contentType, ifAbsent: i % 2 === 0 })
        if (i % 4 !== 0) await store.delete([`p/q/${i}`])
      }),
    )
    expect((await store.list('')).artifacts).toHaveLength(10)
  })

  it('opens absolute and encoded file URLs, and no unknown ones', async () => {
    const options = { publicUrl, signingKey, cwd: '/nowhere' }
    const store = openStore(`file://${base}/with%20space`, options)
    await store.put('a', bytes('x'), { contentType })
    expect(await textOf(openStore(`file:${base}/with space`, options), 'a')).toBe('x')
    expect(() => openStore('ftp://host/path?secret=1', options)).toThrow(/^Unknown artifact store ftp:\/\/host\/path:/)
    expect(() => openStore('file:', options)).toThrow('Unknown artifact store')
  })
})

const run = promisify(execFile)

/** Mounts a small disk on a new folder; undefined if that is not allowed here. */
const mountDisk = async (name: string) => {
  const root = join(base, name)
  await mkdir(root)
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', root])
    return root
  } catch {
    return undefined
  }
}

describe('a disk that is read-only', () => {
  it('ends in a failure that may be retried, and works again once it is writable', async (context) => {
    const root = await mountDisk('read-only')
    if (!root) return context.skip('Only root can mount a small disk')
    try {
      const store = openStore(`file://${root}`, { publicUrl, signingKey, cwd: base })
      await store.put('a', bytes('old'), { contentType })
      await run('mount', ['-o', 'remount,ro', root])
      const failure = { name: 'ArtifactStoreError', retryable: true }
      const message = 'Cannot store a: the disk is read-only'
      await expect(store.put('a', bytes('new'), { contentType })).rejects.toMatchObject({ ...failure, message })
      await expect(store.put('b/c', bytes('new'), { contentType })).rejects.toMatchObject(failure)
      await expect(store.delete(['a'])).rejects.toMatchObject(failure)
      expect(await textOf(store, 'a')).toBe('old')
      await run('mount', ['-o', 'remount,rw', root])
      await store.put('a', bytes('new'), { contentType })
      expect(await textOf(store, 'a')).toBe('new')
    } finally {
      await run('umount', [root])
    }
  })
})

describe('a full disk', () => {
  it('ends in a failure that may be retried, and leaves the old artifact and nothing half written', async (context) => {
    const root = await mountDisk('full')
    if (!root) return context.skip('Only root can mount a small disk')
    try {
      const store = openStore(`file://${root}`, { publicUrl, signingKey, cwd: base })
      await store.put('a', bytes('old'), { contentType })
      const failure = { name: 'ArtifactStoreError', retryable: true, message: 'Cannot store a: the disk is full' }
      await expect(store.put('a', pattern(400_000), { contentType })).rejects.toMatchObject(failure)
      await expect(store.put('a', streamOf(pattern(400_000), 7000), { contentType })).rejects.toMatchObject(failure)
      expect(await textOf(store, 'a')).toBe('old')
      expect(await readdir(join(root, '.temporary'))).toEqual([])
      await store.put('a', bytes('new'), { contentType })
      expect(await textOf(store, 'a')).toBe('new')
    } finally {
      await run('umount', [root])
    }
  })
})
