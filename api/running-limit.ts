import type { Orchestrator } from '../temporal/orchestrator.ts'
import { Problem } from './problem.ts'

// The list of running workflows lacks what has started a moment ago.
const listedAfterMs = 1_000
const retryAfterSeconds = '5'

export interface RunningLimit {
  /** Starts a prediction of a tenant if there is room for it. Throws a 429 problem. */
  start<T>(tenant: string, id: string, start: () => Promise<T>): Promise<T>
  /** It runs no longer. */
  ended(tenant: string, id: string): void
}

/**
 * Bounds how many predictions of a tenant run at a time. Those that this process starts now are counted by itself, so that
 * requests at the same time see each other.
 */
export const createRunningLimit = (
  { countRunning }: Pick<Orchestrator, 'countRunning'>,
  maxRunning: number | undefined,
): RunningLimit => {
  /** By tenant: those that may not be listed yet, in the order of their requests, and until when. */
  const recent = new Map<string, Map<string, number>>()

  const recentOf = (tenant: string): Map<string, number> => {
    const known = recent.get(tenant) ?? new Map<string, number>()
    const now = Date.now()
    for (const [id, until] of known) if (until < now) known.delete(id)
    return known
  }

  const forget = (tenant: string, id: string) => {
    const known = recent.get(tenant)
    known?.delete(id)
    if (known?.size === 0) recent.delete(tenant)
  }

  const check = async (tenant: string, id: string, max: number): Promise<void> => {
    const known = recentOf(tenant)
    const before = known.size
    if (before < max) {
      recent.set(tenant, known.set(id, Number.POSITIVE_INFINITY))
      if (before + (await countRunning(tenant, { except: [...known.keys()] })) < max) return
    }
    throw new Problem(429, `${max} predictions are already running; try again when some have ended`, {
      headers: { 'retry-after': retryAfterSeconds },
    })
  }

  return {
    start: async (tenant, id, start) => {
      if (maxRunning === undefined) return start()
      try {
        await check(tenant, id, maxRunning)
        const started = await start()
        recent.get(tenant)?.set(id, Date.now() + listedAfterMs)
        return started
      } catch (error) {
        forget(tenant, id)
        throw error
      }
    },
    ended: forget,
  }
}
