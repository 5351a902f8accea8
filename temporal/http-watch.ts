import type { PredictionRecord } from '../contracts/record.ts'
import { sleep } from '../lib/sleep.ts'
import { isNotFound } from './http-call.ts'
import { type Description, fingerprint, type HistoryEvent } from './messages.ts'

/** Heartbeats make no event that could be waited for: progress is looked at so often, less where nothing moves. */
const lookMs = { moving: 1_000, still: 5_000, stillAfter: 10_000 }

export interface HistoryPage {
  history?: { events?: HistoryEvent[] | null } | null
  nextPageToken?: string | null
}

export interface WatchDeps {
  describe(id: string, signal: AbortSignal): Promise<Description>
  /** The events after a page; waits a while for one if there is none yet. */
  waitForEvents(id: string, token: string | undefined, signal: AbortSignal): Promise<HistoryPage>
  toRecord(description: Description, events: readonly HistoryEvent[]): Promise<PredictionRecord>
}

/** Events as they come, by long polls one after the other. */
const createFollower = ({ waitForEvents }: WatchDeps, id: string, signal: AbortSignal) => {
  const events: HistoryEvent[] = []
  let token: string | undefined
  let next: Promise<void> | undefined
  let ended = false
  const poll = async () => {
    const page = await waitForEvents(id, token, signal)
    events.push(...(page.history?.events ?? []))
    token = page.nextPageToken || undefined
    ended = token === undefined
    next = undefined
  }
  return {
    events,
    /** Resolves with more events or when the server has held a poll long enough; never after the last one. */
    more: (): Promise<void> => {
      if (ended) return new Promise(() => undefined)
      next ??= poll()
      return next
    },
    get ended() {
      return ended
    },
  }
}

/** Watches a prediction: wakes with its events, and looks at its heartbeats in between. */
export const createHttpWatch = (deps: WatchDeps) =>
  async function* (id: string, stopped: AbortSignal): AsyncGenerator<PredictionRecord> {
    const left = new AbortController()
    const signal = AbortSignal.any([stopped, left.signal])
    const follower = createFollower(deps, id, signal)
    let seen = ''
    let changedAt = Date.now()
    try {
      await follower.more()
      while (!signal.aborted) {
        const description = await deps.describe(id, signal)
        const length = Number(description.workflowExecutionInfo?.historyLength ?? 0)
        // The description may be ahead of the events.
        while (follower.events.length < length && !follower.ended) await follower.more()
        const now = fingerprint(description)
        if (now !== seen) {
          seen = now
          changedAt = Date.now()
          const record = await deps.toRecord(description, follower.events)
          yield record
          if (record.state !== 'running') return
        }
        const still = Date.now() - changedAt > lookMs.stillAfter
        const more = follower.more()
        // The next round meets it again.
        more.catch(() => undefined)
        await Promise.race([more, sleep(still ? lookMs.still : lookMs.moving, signal)])
      }
    } catch (error) {
      if (stopped.aborted || isNotFound(error)) return
      throw error
    } finally {
      left.abort()
    }
  }
