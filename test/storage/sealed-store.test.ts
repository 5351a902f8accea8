import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { artifactKeys, readAll } from '../../contracts/artifacts.ts'
import { toBase64 } from '../../contracts/encryption/base64.ts'
import { parseKeyRing } from '../../contracts/encryption/key-ring.ts'
import { createFileStore } from '../../storage/file.ts'
import { createSealedStore } from '../../storage/sealed-store.ts'

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

describe('sealed artifacts', () => {
  it('come back as they were, and lie on the disk unreadable', async () => {
    const { root, store, sealed } = open()
    const photo = await readFile('samples/female_0.jpg')
    await sealed.putSealed('p1', artifactKeys.photo('p1'), photo, 'image/jpeg')
    await sealed.putSealed('p1', artifactKeys.identity('p1'), bytes('vector'), 'application/octet-stream')
    expect(Buffer.compare((await sealed.getSealed('p1', artifactKeys.photo('p1')))!, photo)).toBe(0)
    expect((await store.head(artifactKeys.photo('p1')))?.contentType).toBe('image/jpeg')
    const disk = await everyByte(root)
    expect(disk.includes('vector')).toBe(false)
    for (const at of [0, 1000, photo.length - 64]) expect(disk.includes(photo.subarray(at, at + 32))).toBe(false)
  })

  it('are absent where nothing was put', async () => {
    expect(await open().sealed.getSealed('p1', 'predictions/p1/none')).toBeUndefined()
  })

  it('have one key a prediction, also when many steps make it at once', async () => {
    const { root, store } = open()
    const writers = Array.from({ length: 16 }, () => createSealedStore(store, ring))
    await Promise.all(writers.map((writer, i) => writer.putSealed('p1', `predictions/p1/${i}`, bytes(`${i}`), 'a/b')))
    for (const [i] of writers.entries()) {
      expect(await createSealedStore(store, ring).getSealed('p1', `predictions/p1/${i}`)).toEqual(bytes(`${i}`))
    }
    expect(await readdir(join(root, 'keys'))).toEqual(['p1.json'])
  })

  it('are unreadable in every copy once their key is shredded, and no late step brings them back', async () => {
    const { store, sealed } = open()
    await sealed.putSealed('p1', 'predictions/p1/photo', bytes('face'), 'a/b')
    await sealed.putSealed('p2', 'predictions/p2/photo', bytes('other'), 'a/b')
    const backup = await readAll((await store.get('predictions/p1/photo'))!)
    await sealed.shred('p1')
    await sealed.shred('p1')
    const gone = { name: 'EncryptionError', problem: 'shredded' }
    await expect(sealed.getSealed('p1', 'predictions/p1/photo')).rejects.toMatchObject(gone)
    await expect(sealed.putSealed('p1', 'predictions/p1/late', bytes('x'), 'a/b')).rejects.toMatchObject(gone)
    expect(await store.head('predictions/p1/late')).toBeUndefined()
    await store.put('predictions/p1/photo', backup, { contentType: 'a/b' })
    await expect(sealed.getSealed('p1', 'predictions/p1/photo')).rejects.toMatchObject(gone)
    expect(await sealed.getSealed('p2', 'predictions/p2/photo')).toEqual(bytes('other'))
  })

  it('can be shredded before anything was put', async () => {
    const { sealed } = open()
    await sealed.shred('p1')
    await expect(sealed.putSealed('p1', 'x', bytes('x'), 'a/b')).rejects.toMatchObject({ problem: 'shredded' })
  })

  it('are refused in another place, of another prediction, and changed', async () => {
    const { store, sealed } = open()
    const tampered = { name: 'EncryptionError', problem: 'tampered' }
    await sealed.putSealed('p1', 'a', bytes('face'), 'a/b')
    await sealed.putSealed('p2', 'b', bytes('face'), 'a/b')
    const stored = await readAll((await store.get('a'))!)
    await store.put('moved', stored, { contentType: 'a/b' })
    await expect(sealed.getSealed('p1', 'moved')).rejects.toMatchObject(tampered)
    await expect(sealed.getSealed('p2', 'a')).rejects.toMatchObject(tampered)
    const wrapped = await readAll((await store.get('keys/p1.json'))!)
    await store.put('keys/p2.json', wrapped, { contentType: 'application/json' })
    await expect(sealed.getSealed('p2', 'a')).rejects.toMatchObject(tampered)
    stored[20]! ^= 1
    await store.put('a', stored, { contentType: 'a/b' })
    await expect(sealed.getSealed('p1', 'a')).rejects.toMatchObject(tampered)
  })

  it('survive the rotation of the ring for as long as it knows the old key', async () => {
    const { store, sealed } = open()
    await sealed.putSealed('p1', 'a', bytes('face'), 'a/b')
    const rotated = createSealedStore(store, parseKeyRing(`b:${key(2)},a:${key(1)}`))
    expect(await rotated.getSealed('p1', 'a')).toEqual(bytes('face'))
    await rotated.putSealed('p1', 'b', bytes('more'), 'a/b')
    expect(await sealed.getSealed('p1', 'b')).toEqual(bytes('more'))
    const dropped = createSealedStore(store, parseKeyRing(`b:${key(2)}`))
    await expect(dropped.getSealed('p1', 'a')).rejects.toMatchObject({ problem: 'key_unknown', message: /"a"/ })
  })

  it('are refused where the file of the key holds none', async () => {
    const { store, sealed } = open()
    for (const text of ['', '{}', '{"version":1,"keyId":"a","wrapped":"*"}', 'null']) {
      await store.put('keys/p1.json', bytes(text), { contentType: 'application/json' })
      await expect(sealed.putSealed('p1', 'a', bytes('x'), 'a/b')).rejects.toMatchObject({ problem: 'malformed' })
    }
  })
})
