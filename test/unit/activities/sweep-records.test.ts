import { mkdtemp, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MockActivityEnvironment } from '@temporalio/testing'
import { afterAll, expect, it } from 'vitest'
import { createSweep } from '../../../activities/sweep.ts'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import { toBase64 } from '../../../lib/base64.ts'
import { parseKeyRing } from '../../../lib/crypto/key-ring.ts'
import { createFileStore } from '../../../storage/drivers/file/file-store.ts'
import { createSealedStore } from '../../../storage/sealed-store.ts'
import { listAll } from '../../../storage/store.ts'
import type { PredictionAdmin } from '../../../temporal/prediction-admin.ts'

const hourMs = 3_600_000
const folder = await mkdtemp(join(tmpdir(), 'idem-sweep-'))
afterAll(() => rm(folder, { recursive: true }))

const fileStore = (name: string) =>
  createFileStore({ root: join(folder, name), publicUrl: 'http://files.test', signingKey: new Uint8Array(32) })
const ring = parseKeyRing(`a:${toBase64(new Uint8Array(32).fill(1))}`)
const keys = fileStore('keys')
const store = createSealedStore(fileStore('artifacts'), ring, { keys })

/** Every prediction runs, so that only what is nobody's is swept. */
const admin = { standing: async () => ({ runId: 'r', running: true }) } as unknown as PredictionAdmin
const sweep = (retentionMs: number, asked: Partial<PredictionAdmin> = {}) => {
  const { sweepOrphans } = createSweep({ store, admin: { ...admin, ...asked }, retentionMs })
  return new MockActivityEnvironment().run(sweepOrphans as never) as Promise<{ swept: number }>
}
const put = (key: string) => store.put(key, new Uint8Array(1), { contentType: 'a/b' })
const age = async (path: string, hours: number) => {
  const then = new Date(Date.now() - hours * hourMs)
  await utimes(join(folder, path), then, then)
}

it('keeps the record of a copy for as long as there is the copy', async () => {
  const [kept, stale, fresh] = ['kept', 'stale', 'fresh'].map((id) => artifactKeys.derived('acme', 'p1', id))
  await put(artifactKeys.identity('kept'))
  for (const key of [kept!, stale!, fresh!]) await put(key)
  for (const key of [kept!, stale!]) await age(`artifacts/${key}`, 30)
  await sweep(24 * hourMs)
  expect(await listAll(store, 'derived/')).toEqual([fresh, kept].sort())
})

it('goes by its own configuration, whatever it is given', async () => {
  const upload = artifactKeys.upload('acme', 'u1')
  await put(upload)
  await age(`artifacts/${upload}`, 2)
  const { sweepOrphans } = createSweep({ store, admin, retentionMs: 24 * hourMs })
  await new MockActivityEnvironment().run(sweepOrphans as never, { retentionMs: 1, orphansEveryMs: 0 } as never)
  expect(await listAll(store, 'uploads/')).toEqual([upload])
  await sweep(hourMs)
  expect(await listAll(store, 'uploads/')).toEqual([])
})

it('forgets the marks of keys in their own store when nobody can ask for them', async () => {
  await put('predictions/gone/photo-0.png')
  await store.shred('gone')
  await age('keys/gone.json', 30)
  const nobody = async (): Promise<undefined> => undefined
  await sweep(24 * hourMs, { standing: nobody })
  expect(await keys.head('gone.json')).toBeUndefined()
})
