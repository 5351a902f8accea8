import { Context } from '@temporalio/activity'
import { type ListedArtifact, listPages, ownerOf } from '../contracts/artifacts.ts'
import type { SweepInput } from '../contracts/sweep.ts'
import type { SealedStore } from '../storage/sealed-store.ts'
import { destroyPrediction } from './artifacts.ts'
import type { PredictionAdmin } from './prediction-admin.ts'

export interface SweepDeps {
  store: SealedStore
  admin: PredictionAdmin
}

/** A search attribute shows up in the visibility store a moment after it was set. */
const overlapMs = 10 * 60_000
/** Younger artifacts may belong to a prediction that is being started. */
const orphanAgeMs = 60 * 60_000

interface Owned {
  newest: number
  keys: string[]
}

export const createSweep = ({ store, admin }: SweepDeps) => {
  /** Artifacts under a prefix by whose they are. */
  const byOwner = async (prefix: string, owner: (key: string) => string | undefined) => {
    const owned = new Map<string, Owned>()
    const add = ({ key, modifiedAt }: ListedArtifact) => {
      const id = owner(key)
      if (!id) return
      const entry = owned.get(id) ?? { newest: 0, keys: [] }
      entry.newest = Math.max(entry.newest, modifiedAt.getTime())
      entry.keys.push(key)
      owned.set(id, entry)
    }
    for await (const artifacts of listPages(store, prefix)) {
      artifacts.forEach(add)
      Context.current().heartbeat()
    }
    return owned
  }

  return {
    /** Destroys the artifacts of predictions that have expired in (after, until]. Going over one again does no harm. */
    async sweepExpired({ after, until }: { after: number; until: number }): Promise<{ swept: number }> {
      let swept = 0
      for await (const id of admin.listExpired(Math.max(0, after - overlapMs), until)) {
        await destroyPrediction(store, id)
        swept++
        Context.current().heartbeat({ swept })
      }
      return { swept }
    },

    /**
     * Destroys artifacts of predictions that do not exist any more or ended without a word longer ago than the retention,
     * uploads that are older than it, and the marks of keys that nobody can ask for.
     */
    async sweepOrphans({ retentionMs }: SweepInput): Promise<{ swept: number }> {
      const now = Date.now()
      let swept = 0
      const isDue = async (id: string, newest: number) => {
        if (now - newest < Math.min(orphanAgeMs, retentionMs)) return false
        const standing = await admin.standing(id)
        Context.current().heartbeat({ swept })
        return !standing || (standing.endedAt !== undefined && standing.endedAt.getTime() + retentionMs <= now)
      }

      const ownerIn = (folder: string) => (key: string) => key.slice(folder.length).split('/')[0]
      for (const folder of ['predictions/', 'public/']) {
        for (const [id, { newest }] of await byOwner(folder, ownerIn(folder))) {
          if (!(await isDue(id, newest))) continue
          await destroyPrediction(store, id)
          swept++
        }
      }
      for (const [id, { newest, keys }] of await byOwner('uploads/', ownerOf)) {
        if (now - newest < retentionMs) continue
        await store.shred(id)
        await store.delete(keys)
        swept++
      }
      for (const [id, { newest }] of await byOwner('keys/', (key) => /^keys\/(.+)\.json$/.exec(key)?.[1])) {
        if (now - newest < Math.max(orphanAgeMs, retentionMs) || (await admin.standing(id))) continue
        await store.forget([id])
      }
      return { swept }
    },
  }
}
