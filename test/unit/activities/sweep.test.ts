import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSweep, sweptAtOnce } from '../../../activities/sweep.ts'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import type { SealedStore } from '../../../storage/sealed-store.ts'
import { listAll } from '../../../storage/store.ts'
import { type ActivityStore, openActivityStore } from '../../support/activity-store.ts'
import { createFakeAdmin, type FakeAdmin, type FakeWorkflows } from '../../support/fake-admin.ts'
import { runActivity, startActivity } from '../../support/run-activity.ts'

const retentionMs = 3_600_000
const minuteMs = 60_000

let artifacts: ActivityStore
beforeEach(async () => {
  artifacts = await openActivityStore()
})
afterEach(() => artifacts.close())

const put = (key: string) => artifacts.put(key, new Uint8Array(1))
const sweepWith = (admin: FakeAdmin, store: SealedStore = artifacts.store) => createSweep({ store, admin, retentionMs })
const sweepOrphans = (workflows: FakeWorkflows = {}, now = Date.now()) =>
  runActivity(sweepWith(createFakeAdmin(workflows)).sweepOrphans, { now })
const isRefused = (key: string) =>
  put(key).then(
    () => false,
    ({ problem }) => problem === 'shredded',
  )

describe('sweepExpired', () => {
  it('destroys what expired predictions have, and nothing of others', async () => {
    for (const id of ['p1', 'p2', 'stays']) {
      await put(artifactKeys.identity(id))
      await put(artifactKeys.output(id, 0))
    }
    const admin = createFakeAdmin({}, ['p1', 'p2'])
    const input = { after: 20 * minuteMs, until: 30 * minuteMs }
    expect(await runActivity(sweepWith(admin).sweepExpired, input)).toEqual({ swept: 2 })
    expect(await artifacts.keysOf('p1')).toEqual([])
    expect(await artifacts.keysOf('p2')).toEqual([])
    expect(await artifacts.keysOf('stays')).toHaveLength(2)
    expect(await isRefused(artifactKeys.photo('p1'))).toBe(true)
    // The list is late: what expired a little before the last sweep may be new in it.
    expect(admin.calls).toEqual([`expired ${10 * minuteMs} ${30 * minuteMs}`])
  })

  it('does no harm when it runs again', async () => {
    await put(artifactKeys.identity('p1'))
    const { sweepExpired } = sweepWith(createFakeAdmin({}, ['p1']))
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await runActivity(sweepExpired, { after: 0, until: 1 })).toEqual({ swept: 1 })
    }
  })

  it('heartbeats how many are destroyed, and destroys some at once', async () => {
    const ids = Array.from({ length: 3 * sweptAtOnce }, (_, k) => `p${k}`)
    let running = 0
    let most = 0
    const store: SealedStore = {
      ...artifacts.store,
      shred: async (id) => {
        most = Math.max(most, ++running)
        await artifacts.store.shred(id)
        running--
      },
    }
    const { sweepExpired } = sweepWith(createFakeAdmin({}, ids), store)
    const { result, heartbeats } = startActivity(sweepExpired, { after: 0, until: 1 })
    expect(await result).toEqual({ swept: ids.length })
    expect(heartbeats).toEqual(ids.map((_, k) => ({ swept: k + 1 })))
    expect(most).toBeGreaterThan(1)
    expect(most).toBeLessThanOrEqual(sweptAtOnce)
  })
})

describe('sweepOrphans', () => {
  it('destroys what belongs to no prediction, once it is as old as the retention', async () => {
    await put(artifactKeys.photo('nobody'))
    await put(artifactKeys.output('nobody', 0))
    expect(await sweepOrphans()).toEqual({ swept: 0 })
    await artifacts.age(retentionMs + minuteMs)
    // The photo and its key are gone with the first of the two folders, the image with the second.
    expect(await sweepOrphans()).toEqual({ swept: 1 })
    expect(await artifacts.keysOf('nobody')).toEqual([])
    expect(await isRefused(artifactKeys.photo('nobody'))).toBe(true)
  })

  it('leaves what belongs to a prediction that runs, or that has ended a while ago', async () => {
    for (const id of ['running', 'recent', 'forgotten']) await put(artifactKeys.identity(id))
    await artifacts.age(2 * retentionMs)
    const endedAgo = (ms: number) => [{ runId: 'r', running: false, endedAt: new Date(Date.now() - ms) }]
    const swept = await sweepOrphans({
      running: [{ runId: 'r', running: true }],
      recent: endedAgo(retentionMs - minuteMs),
      forgotten: endedAgo(retentionMs + minuteMs),
    })
    expect(swept).toEqual({ swept: 1 })
    const left = await listAll(artifacts.store, 'predictions/')
    expect(left).toEqual([artifactKeys.identity('recent'), artifactKeys.identity('running')])
  })

  it('destroys uploads that are as old as the retention, with what is known of them', async () => {
    await put(artifactKeys.upload('acme', 'u1'))
    await put(artifactKeys.uploadInfo('acme', 'u1'))
    expect(await sweepOrphans()).toEqual({ swept: 0 })
    await artifacts.age(retentionMs + minuteMs)
    expect(await sweepOrphans()).toEqual({ swept: 1 })
    expect(await listAll(artifacts.store, 'uploads/')).toEqual([])
  })

  it('takes away the mark of a destroyed key once nobody can write under it', async () => {
    const key = artifactKeys.photo('gone')
    await put(key)
    await artifacts.store.shred('gone')
    await artifacts.store.delete([key])
    await sweepOrphans()
    expect(await isRefused(key)).toBe(true)
    await artifacts.age(retentionMs + minuteMs)
    await sweepOrphans({ gone: [{ runId: 'r', running: false, endedAt: new Date() }] })
    expect(await isRefused(key)).toBe(true)
    await sweepOrphans()
    expect(await isRefused(key)).toBe(false)
  })

  it("goes by the server's time, not by the clock of its worker", async () => {
    await put(artifactKeys.identity('young'))
    const hourAgo = Date.now() - retentionMs
    await artifacts.age(retentionMs + minuteMs)
    // The artifact is a minute old for the server, and more than the retention for a worker whose clock is ahead.
    expect(await sweepOrphans({}, hourAgo)).toEqual({ swept: 0 })
    expect(await sweepOrphans()).toEqual({ swept: 1 })
  })

  it('takes away the marks of ends that are old', async () => {
    await put(artifactKeys.ended('p1', 'run'))
    await artifacts.age(retentionMs - minuteMs)
    await sweepOrphans()
    expect(await artifacts.store.head(artifactKeys.ended('p1', 'run'))).toBeDefined()
    await artifacts.age(retentionMs + minuteMs)
    await sweepOrphans()
    expect(await artifacts.store.head(artifactKeys.ended('p1', 'run'))).toBeUndefined()
  })
})
