import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { toBase64 } from '../../../lib/base64.ts'
import { parseKeyRing } from '../../../lib/crypto/key-ring.ts'
import { createFileStore } from '../../../storage/drivers/file/file-store.ts'
import { createSealedStore, type SealedStore } from '../../../storage/sealed-store.ts'
import { type ArtifactStore, readAll } from '../../../storage/store.ts'

const base = await mkdtemp(join(tmpdir(), 'idem-keys-'))
afterAll(() => rm(base, { recursive: true }))

const ring = parseKeyRing(`a:${toBase64(new Uint8Array(32).fill(1))}`)
const vector = 'predictions/p1/identity.f32'
const erased = { name: 'EncryptionError', problem: 'shredded' }

const put = (store: ArtifactStore, key: string, text: string) =>
  store.put(key, new TextEncoder().encode(text), { contentType: 'a/b' })
const get = async (store: ArtifactStore, key: string) => {
  const artifact = await store.get(key)
  return artifact && new TextDecoder().decode(await readAll(artifact))
}

let folder: string
let opened = 0
beforeEach(() => {
  folder = join(base, `${++opened}`)
})
const at = (name: string) =>
  createFileStore({ root: join(folder, name), publicUrl: 'http://files.test', signingKey: new Uint8Array(32) })
const apart = () => createSealedStore(at('artifacts'), ring, { keys: at('keys') })
const together = () => createSealedStore(at('artifacts'), ring)
const copy = (from: string, to: string) => cp(join(folder, from), join(folder, to), { recursive: true })
const keysOf = async (store: SealedStore) => {
  const ids: string[] = []
  for await (const page of store.keyPages()) ids.push(...page.map(({ ownerId }) => ownerId))
  return ids.sort()
}

describe('keys in their own store', () => {
  it('leave no key beside what they seal', async () => {
    const store = apart()
    await put(store, vector, 'face')
    expect(await get(store, vector)).toBe('face')
    expect(await readdir(join(folder, 'artifacts'))).not.toContain('keys')
    expect(await readdir(join(folder, 'keys'))).toContain('p1.json')
    expect([store.keysApart, together().keysApart]).toEqual([true, false])
  })

  it('make every copy of the artifacts unreadable when one is destroyed, also for whoever has the ring', async () => {
    await put(apart(), vector, 'face')
    await copy('artifacts', 'backup')
    await apart().shred('p1')
    const stolen = createSealedStore(at('backup'), ring, { keys: at('keys') })
    await expect(get(stolen, vector)).rejects.toMatchObject(erased)
    await expect(get(createSealedStore(at('backup'), ring), vector)).rejects.toMatchObject(erased)
    await expect(put(apart(), 'predictions/p1/late', 'x')).rejects.toMatchObject(erased)
    expect([await apart().isShredded('p1'), await apart().isShredded('p2')]).toEqual([true, false])
  })

  it('do not help where they were copied themselves: neither versioned nor backed up is what they must be', async () => {
    await put(apart(), vector, 'face')
    await Promise.all([copy('artifacts', 'backup'), copy('keys', 'keys-backup')])
    await apart().shred('p1')
    const stolen = createSealedStore(at('backup'), ring, { keys: at('keys-backup') })
    expect(await get(stolen, vector)).toBe('face')
  })

  it('do not help where they lie with the artifacts: a copy of both opens', async () => {
    await put(together(), vector, 'face')
    await copy('artifacts', 'backup')
    await together().shred('p1')
    expect(await get(createSealedStore(at('backup'), ring), vector)).toBe('face')
  })
})

describe('keys that lie with the artifacts, from before', () => {
  it('are read, and used for more of the same prediction', async () => {
    await put(together(), vector, 'face')
    expect(await get(apart(), vector)).toBe('face')
    await put(apart(), 'predictions/p1/crop-0.png', 'crop')
    expect(await get(together(), 'predictions/p1/crop-0.png')).toBe('crop')
    await put(apart(), 'predictions/p2/identity.f32', 'other')
    expect(await keysOf(apart())).toEqual(['p1', 'p2'])
    expect(await readdir(join(folder, 'artifacts/keys'))).toEqual(['p1.json'])
  })

  it('are destroyed with the rest', async () => {
    await put(together(), vector, 'face')
    await apart().shred('p1')
    for (const store of [apart(), together()]) {
      await expect(get(store, vector)).rejects.toMatchObject(erased)
    }
    await expect(put(apart(), vector, 'x')).rejects.toMatchObject(erased)
    await apart().forget(['p1'])
    expect(await keysOf(apart())).toEqual([])
  })

  it('may be in the very place that is now theirs', async () => {
    await put(together(), vector, 'face')
    const same = createSealedStore(at('artifacts'), ring, { keys: at('artifacts/keys') })
    expect(await get(same, vector)).toBe('face')
    await same.shred('p1')
    await expect(put(same, vector, 'x')).rejects.toMatchObject(erased)
    await expect(put(together(), vector, 'x')).rejects.toMatchObject(erased)
  })
})
