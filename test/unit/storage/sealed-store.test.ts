import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import { toBase64 } from '../../../lib/base64.ts'
import { parseKeyRing } from '../../../lib/crypto/key-ring.ts'
import { createFileStore } from '../../../storage/drivers/file/file-store.ts'
import { createSealedStore } from '../../../storage/sealed-store.ts'
import { type ArtifactStore, readAll } from '../../../storage/store.ts'

const base = await mkdtemp(join(tmpdir(), 'idem-sealed-'))
afterAll(() => rm(base, { recursive: true }))

const key = (fill: number) => toBase64(new Uint8Array(32).fill(fill))
const ring = parseKeyRing(`a:${key(1)}`)
const bytes = (text: string) => new TextEncoder().encode(text)

let opened = 0
const open = () => {
  const root = join(base, `${++opened}`)
  const store = createFileStore({ root, publicUrl: 'http://files.test', signingKey: new Uint8Array(32) })
  return { root, store, sealed: createSealedStore(store, ring) }
}

const everyByte = async (root: string) => {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Buffer.concat(await Promise.all(files.map((file) => readFile(file))))
}

const put = (store: ArtifactStore, at: string, text: string) => store.put(at, bytes(text), { contentType: 'a/b' })
const get = async (store: ArtifactStore, at: string) => {
  const artifact = await store.get(at)
  return artifact && new TextDecoder().decode(await readAll(artifact))
}
const problem = (name: string) => ({ name: 'EncryptionError', problem: name })
const photo = 'predictions/p1/photo'

describe('sealed artifacts', () => {
  it('come back as they were, and lie on the disk unreadable', async () => {
    const { root, store, sealed } = open()
    const file = await readFile('samples/female_0.jpg')
    await sealed.put(artifactKeys.photo('p1'), file, { contentType: 'image/jpeg' })
    await sealed.put(artifactKeys.identity('p1'), new Blob(['vector']).stream(), { contentType: 'a/b' })
    await put(sealed, artifactKeys.upload('acme', 'u1'), 'upload of a face')
    await put(sealed, artifactKeys.uploadInfo('acme', 'u1'), 'its name')
    const artifact = await sealed.get(artifactKeys.photo('p1'))
    expect(artifact).toMatchObject({ bytes: file.length, contentType: 'image/jpeg', key: artifactKeys.photo('p1') })
    expect(Buffer.compare(await readAll(artifact!), file)).toBe(0)
    expect(await get(sealed, artifactKeys.identity('p1'))).toBe('vector')
    expect(await get(sealed, artifactKeys.uploadInfo('acme', 'u1'))).toBe('its name')
    expect((await store.head(artifactKeys.photo('p1')))?.contentType).toBe('image/jpeg')
    const disk = await everyByte(root)
    for (const text of ['vector', 'upload of a face', 'its name']) expect(disk.includes(text)).toBe(false)
    for (const at of [0, 1000, file.length - 64]) expect(disk.includes(file.subarray(at, at + 32))).toBe(false)
  })

  it('are not sealed where they may be handed out', async () => {
    const { store, sealed } = open()
    await put(sealed, artifactKeys.output('p1', 0), 'image')
    expect(await get(store, artifactKeys.output('p1', 0))).toBe('image')
    expect(await sealed.signGet(artifactKeys.output('p1', 0), { expiresInSeconds: 5 })).toContain('signature=')
  })

  it('are neither signed nor read in part', async () => {
    const { sealed } = open()
    await put(sealed, photo, 'face')
    const refused = { name: 'ArtifactStoreError', retryable: false }
    await expect(sealed.signGet(photo, { expiresInSeconds: 5 })).rejects.toMatchObject(refused)
    await expect(sealed.signPut(photo, { expiresInSeconds: 5, contentType: 'a/b' })).rejects.toMatchObject(refused)
    await expect(sealed.get(photo, { start: 0, end: 1 })).rejects.toMatchObject(refused)
  })

  it('are absent where nothing was put', async () => {
    expect(await open().sealed.get('predictions/p1/none')).toBeUndefined()
  })

  it('have one key a prediction, also when many steps make it at once', async () => {
    const { root, store } = open()
    const writers = Array.from({ length: 16 }, () => createSealedStore(store, ring))
    await Promise.all(writers.map((writer, i) => put(writer, `predictions/p1/${i}`, `${i}`)))
    for (const [i] of writers.entries()) {
      expect(await get(createSealedStore(store, ring), `predictions/p1/${i}`)).toBe(`${i}`)
    }
    expect(await readdir(join(root, 'keys'))).toEqual(['p1.json'])
  })

  it('are unreadable in every copy once their key is shredded, and no late step brings them back', async () => {
    const { store, sealed } = open()
    await put(sealed, photo, 'face')
    await put(sealed, 'predictions/p2/photo', 'other')
    const backup = await readAll((await store.get(photo))!)
    await sealed.shred('p1')
    await sealed.shred('p1')
    await expect(sealed.get(photo)).rejects.toMatchObject(problem('shredded'))
    await expect(put(sealed, 'predictions/p1/late', 'x')).rejects.toMatchObject(problem('shredded'))
    expect(await store.head('predictions/p1/late')).toBeUndefined()
    await store.put(photo, backup, { contentType: 'a/b' })
    await expect(sealed.get(photo)).rejects.toMatchObject(problem('shredded'))
    expect(await get(sealed, 'predictions/p2/photo')).toBe('other')
    await sealed.forget(['p1'])
    await expect(sealed.get(photo)).rejects.toMatchObject(problem('shredded'))
  })

  it('can be shredded before anything was put', async () => {
    const { sealed } = open()
    await sealed.shred('p1')
    await expect(put(sealed, photo, 'x')).rejects.toMatchObject(problem('shredded'))
  })

  it('are refused in another place, of another prediction, and changed', async () => {
    const { store, sealed } = open()
    await put(sealed, photo, 'face')
    await put(sealed, 'predictions/p2/photo', 'face')
    const stored = await readAll((await store.get(photo))!)
    await store.put('predictions/p1/moved', stored, { contentType: 'a/b' })
    await expect(sealed.get('predictions/p1/moved')).rejects.toMatchObject(problem('tampered'))
    await store.put('predictions/p2/photo', stored, { contentType: 'a/b' })
    await expect(sealed.get('predictions/p2/photo')).rejects.toMatchObject(problem('tampered'))
    const wrapped = await readAll((await store.get('keys/p1.json'))!)
    await store.put('keys/p2.json', wrapped, { contentType: 'application/json' })
    await expect(sealed.get('predictions/p2/photo')).rejects.toMatchObject(problem('tampered'))
    stored[20]! ^= 1
    await store.put(photo, stored, { contentType: 'a/b' })
    await expect(sealed.get(photo)).rejects.toMatchObject(problem('tampered'))
  })

  it('survive the rotation of the ring for as long as it knows the old key', async () => {
    const { store, sealed } = open()
    await put(sealed, photo, 'face')
    const rotated = createSealedStore(store, parseKeyRing(`b:${key(2)},a:${key(1)}`))
    expect(await get(rotated, photo)).toBe('face')
    await put(rotated, 'predictions/p1/b', 'more')
    expect(await get(sealed, 'predictions/p1/b')).toBe('more')
    const dropped = createSealedStore(store, parseKeyRing(`b:${key(2)}`))
    await expect(dropped.get(photo)).rejects.toMatchObject({ problem: 'key_unknown', message: /"a"/ })
  })

  it('are refused where the file of the key holds none', async () => {
    const { store, sealed } = open()
    for (const text of ['', '{}', '{"version":1,"keyId":"a","wrapped":"*"}', 'null']) {
      await store.put('keys/p1.json', bytes(text), { contentType: 'application/json' })
      await expect(put(sealed, photo, 'x')).rejects.toMatchObject(problem('malformed'))
    }
  })
})
