import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkSecrets, checkStorage } from '../../../cli/checks/check-storage.ts'
import { readStorageConfig } from '../../../storage/config.ts'
import type { StorageDriver, StorageDrivers } from '../../../storage/driver.ts'
import { createFileStore } from '../../../storage/drivers/file/file-store.ts'
import { storageDrivers } from '../../../storage/drivers/index.ts'
import { roundTrip } from '../../../storage/round-trip.ts'
import { readAll } from '../../../storage/store.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'idem-driver-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Keeps the artifacts of every machine that names the same box. */
const box: StorageDriver = {
  form: 'box:NAME',
  isShared: true,
  open: (url, { publicUrl, signingKey }) =>
    createFileStore({ root: join(folder, url.slice('box:'.length)), publicUrl, signingKey }),
  describe: (url) => url.replace(/:.*/, ':(a box)'),
  check: (store) => roundTrip(store, 'look into the box'),
}
const drivers: StorageDrivers = { ...storageDrivers, box }

describe('a new storage driver', () => {
  const env = () => ({ IDEM_STATE: folder, IDEM_STORAGE: 'box:hidden' })

  it('keeps the artifacts of whoever configures it', async () => {
    const { store } = await readStorageConfig(env(), drivers)
    const bytes = new TextEncoder().encode('here')
    await store.put('outputs/a.txt', bytes, { contentType: 'text/plain' })
    const again = (await readStorageConfig(env(), drivers)).store
    expect(await readAll((await again.get('outputs/a.txt'))!)).toEqual(bytes)
  })

  it('answers doctor: what to call it, whether it works, and whether machines share it', async () => {
    const { store } = await readStorageConfig(env(), drivers)
    expect(await checkStorage('box:hidden', store, drivers)).toMatchObject({
      status: 'ok',
      what: expect.stringMatching(/^box:\(a box\): written, read and deleted in \d+ ms$/),
    })
    const deaf = { ...store, put: () => Promise.reject(new Error('It is shut')) }
    expect(await checkStorage('box:hidden', deaf, drivers)).toMatchObject({
      status: 'gap',
      what: 'box:(a box): an artifact cannot be written: It is shut',
      advice: ['look into the box'],
    })
    const secrets = { stateDir: folder, storage: 'box:x', webhookSecret: undefined, encryptionKeys: undefined }
    expect((await checkSecrets(secrets, drivers)).map(({ status }) => status)).toEqual(['note', 'note'])
  })

  it('is unknown until it is listed: the refusal names the drivers that there are', async () => {
    await expect(readStorageConfig(env())).rejects.toThrow(
      'Unknown artifact store box:hidden: use file:PATH or s3://bucket/prefix?…',
    )
    await expect(readStorageConfig({ ...env(), IDEM_STORAGE: 'constructor:x' })).rejects.toThrow('Unknown')
  })

  it('must have all that a driver needs', () => {
    const { check: _, ...unchecked } = box
    // @ts-expect-error: a driver that doctor cannot ask.
    const incomplete: StorageDrivers = { box: unchecked }
    expect(Object.keys(incomplete)).toEqual(['box'])
  })
})
