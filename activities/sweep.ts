import { Context } from '@temporalio/activity'
import { pMapIterable } from 'p-map'
import { ownerOf } from '../contracts/artifact-keys.ts'
import type { SealedStore } from '../storage/sealed-store.ts'
import { listPages } from '../storage/store.ts'
import type { PredictionAdmin } from '../temporal/prediction-admin.ts'
import { destroyPrediction } from './shared/artifacts.ts'
import { isStaleRecord } from './shared/derived.ts'

export interface SweepDeps {
  store: SealedStore
  admin: PredictionAdmin
  /** How long artifacts are kept after their prediction has ended, and uploads after they came. Never a workflow's to say. */
  retentionMs: number
}

/** A search attribute shows up in the visibility store a moment after it was set. */
const overlapMs = 10 * 60_000

/** How long the mark of a destroyed key refuses what a step that is late may still write. */
const markAgeMs = 60 * 60_000
/** Predictions that are destroyed at once. One after the other a store's latencies would bound how many there may be. */
export const sweptAtOnce = 16

interface Owned {
  id: string
  /** When the newest of its artifacts was written. */
  newest: number
  keys: string[]
}

export const createSweep = ({ store, admin, retentionMs }: SweepDeps) => {
  /** Artifacts under a prefix by whose they are: those of one owner follow each other in the order of keys. */
  async function* byOwner(prefix: string, ownerOfKey: (key: string) => string | undefined): AsyncGenerator<Owned> {
    let owned: Owned | undefined
    for await (const artifacts of listPages(store, prefix)) {
      Context.current().heartbeat()
      for (const { key, modifiedAt } of artifacts) {
        const id = ownerOfKey(key)
        if (!id) continue
        if (owned && owned.id !== id) yield owned
        if (owned?.id !== id) owned = { id, newest: 0, keys: [] }
        owned.newest = Math.max(owned.newest, modifiedAt.getTime())
        owned.keys.push(key)
      }
    }
    if (owned) yield owned
  }

  async function* derivedOneByOne() {
    for await (const page of listPages(store, 'derived/')) {
      Context.current().heartbeat()
      yield* page
    }
  }

  async function* keysOneByOne() {
    for await (const page of store.keyPages()) {
      Context.current().heartbeat()
      yield* page
    }
  }

  /** Runs `destroy` for some at a time; how many of them it says that it has destroyed. */
  const sweepAll = async <T>(found: AsyncIterable<T>, destroy: (one: T) => Promise<boolean>): Promise<number> => {
    let swept = 0
    for await (const destroyed of pMapIterable(found, destroy, { concurrency: sweptAtOnce })) {
      if (destroyed) swept++
      Context.current().heartbeat({ swept })
    }
    return swept
  }

  return {
    /** Destroys the artifacts of predictions that have expired in (after, until]. Going over one again does no harm. */
    async sweepExpired({ after, until }: { after: number; until: number }): Promise<{ swept: number }> {
      const expired = admin.listExpired(Math.max(0, after - overlapMs), until)
      const swept = await sweepAll(expired, async (id) => {
        await destroyPrediction(store, id)
        return true
      })
      return { swept }
    },

    /**
     * Destroys artifacts older than the retention of predictions that do not exist or ended without a word longer ago than
     * it, uploads that are older than it, and the marks of keys and of ends that nobody can ask for. `now` is the server's
     * time: a worker whose clock is ahead would delete what others need.
     */
    async sweepOrphans(input?: { now: number }): Promise<{ swept: number }> {
      // A sweep that an earlier release scheduled does not say it.
      const now = input?.now ?? Date.now()
      const isDue = async ({ id, newest }: Owned) => {
        // Temporal is asked of the few that have stayed, not of all that there are.
        if (now - newest < retentionMs) return false
        const standing = await admin.standing(id)
        return !standing || (standing.endedAt !== undefined && standing.endedAt.getTime() + retentionMs <= now)
      }

      let swept = 0
      for (const folder of ['predictions/', 'public/']) {
        const ownerInFolder = (key: string) => key.slice(folder.length).split('/')[0]
        swept += await sweepAll(byOwner(folder, ownerInFolder), async (owned) => {
          if (!(await isDue(owned))) return false
          await destroyPrediction(store, owned.id)
          return true
        })
      }
      swept += await sweepAll(byOwner('uploads/', ownerOf), async ({ id, newest, keys }) => {
        if (now - newest < retentionMs) return false
        await store.shred(id)
        await store.delete(keys)
        return true
      })
      await sweepAll(derivedOneByOne(), async ({ key, modifiedAt }) => {
        if (now - modifiedAt.getTime() < Math.max(markAgeMs, retentionMs) || !(await isStaleRecord(store, key)))
          return false
        await store.delete([key])
        return true
      })
      await sweepAll(keysOneByOne(), async ({ ownerId, modifiedAt }) => {
        if (now - modifiedAt.getTime() < Math.max(markAgeMs, retentionMs) || (await admin.standing(ownerId)))
          return false
        await store.forget([ownerId])
        return true
      })
      const ownerOfEnd = (key: string) => /^ended\/([^/]+)\//.exec(key)?.[1]
      await sweepAll(byOwner('ended/', ownerOfEnd), async ({ newest, keys }) => {
        if (now - newest < Math.max(markAgeMs, retentionMs)) return false
        await store.delete(keys)
        return true
      })
      return { swept }
    },
  }
}
