import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBoundedStore } from '../../../storage/bounded-store.ts'
import type { SealedStore } from '../../../storage/sealed-store.ts'
import { createWriteProbe } from '../../../storage/write-probe.ts'
import { type ActivityStore, openActivityStore } from '../../support/activity-store.ts'

let artifacts: ActivityStore
beforeAll(async () => {
  artifacts = await openActivityStore()
})
afterAll(() => artifacts.close())

const never = () => new Promise<never>(() => undefined)
const hanging = (): SealedStore => ({ ...artifacts.store, put: never, get: never, head: never, list: never })

describe('a bounded store', () => {
  it('fails soon, so that another try may help, where the store hangs', async () => {
    const store = createBoundedStore(hanging(), { timeoutMs: 20 })
    const failure = { name: 'ArtifactStoreError', retryable: true, message: expect.stringContaining('within 20 ms') }
    const put = () => store.put('predictions/p1/a', new Uint8Array(1), { contentType: 'text/plain' })
    for (const run of [put, () => store.get('a'), () => store.head('a'), () => store.list('a')]) {
      await expect(run()).rejects.toMatchObject(failure)
    }
  })

  it('answers and fails as the store does', async () => {
    const store = createBoundedStore(artifacts.store, { timeoutMs: 60_000 })
    await store.put('predictions/p1/a', new Uint8Array(3), { contentType: 'text/plain' })
    expect((await store.get('predictions/p1/a'))?.bytes).toBe(3)
    await store.shred('p1')
    await expect(store.get('predictions/p1/a')).rejects.toMatchObject({ problem: 'shredded' })
  })
})

describe('a write probe', () => {
  const probe = { timeoutMs: 60_000, freshMs: 60_000, shared: true }

  it('writes and leaves nothing behind', async () => {
    expect(await createWriteProbe(artifacts.store, probe)()).toBe(true)
    expect((await artifacts.store.list('doctor/')).artifacts).toEqual([])
  })

  it('tries once for all who ask at once, and for a while after', async () => {
    let puts = 0
    const store: SealedStore = {
      ...artifacts.store,
      put: (...args) => {
        puts++
        return artifacts.store.put(...args)
      },
    }
    const works = createWriteProbe(store, probe)
    expect(await Promise.all([works(), works(), works()])).toEqual([true, true, true])
    expect(await works()).toBe(true)
    expect(puts).toBe(1)
  })

  it('says that a store which only answers reads does not work', async () => {
    const store: SealedStore = { ...artifacts.store, put: () => Promise.reject(new Error('EROFS')) }
    expect(await createWriteProbe(store, probe)()).toBe(false)
  })

  it('does not wait for a store that hangs, and does not ask it again before it has answered', async () => {
    let puts = 0
    const store: SealedStore = {
      ...artifacts.store,
      put: () => {
        puts++
        return never()
      },
    }
    const works = createWriteProbe(store, { ...probe, timeoutMs: 20 })
    expect([await works(), await works()]).toEqual([false, false])
    expect(puts).toBe(1)
  })
})
