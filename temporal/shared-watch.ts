import type { PredictionRecord } from '../contracts/record.ts'
import type { Orchestrator } from './orchestrator.ts'

interface Watched {
  latest?: PredictionRecord
  ended: boolean
  error?: unknown
  /** Wakes whoever waits for news. */
  readonly waiting: Set<() => void>
  watchers: number
  readonly stop: AbortController
}

/**
 * Watches each prediction once, however many streams show it. A slow reader misses states in between, never the newest:
 * nothing piles up.
 */
export const createSharedWatch = ({ watch }: Pick<Orchestrator, 'watch'>) => {
  const all = new Map<string, Watched>()

  const start = (id: string): Watched => {
    const watched: Watched = { ended: false, waiting: new Set(), watchers: 0, stop: new AbortController() }
    const wake = () => {
      for (const resolve of watched.waiting) resolve()
      watched.waiting.clear()
    }
    const run = async () => {
      try {
        for await (const record of watch(id, watched.stop.signal)) {
          watched.latest = record
          wake()
        }
      } catch (error) {
        watched.error = error
      } finally {
        watched.ended = true
        // Whoever comes later looks anew.
        if (all.get(id) === watched) all.delete(id)
        wake()
      }
    }
    all.set(id, watched)
    void run()
    return watched
  }

  return async function* (id: string, signal: AbortSignal): AsyncGenerator<PredictionRecord> {
    const watched = all.get(id) ?? start(id)
    watched.watchers++
    let seen: PredictionRecord | undefined
    let wakeUp: () => void = () => undefined
    const onAbort = () => wakeUp()
    signal.addEventListener('abort', onAbort)
    try {
      while (!signal.aborted) {
        if (watched.latest && watched.latest !== seen) {
          seen = watched.latest
          yield seen
        } else if (watched.ended) {
          if (watched.error) throw watched.error
          return
        } else {
          await new Promise<void>((resolve) => {
            wakeUp = resolve
            watched.waiting.add(resolve)
          })
        }
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
      watched.waiting.delete(wakeUp)
      watched.watchers--
      if (watched.watchers === 0) {
        if (all.get(id) === watched) all.delete(id)
        watched.stop.abort()
      }
    }
  }
}
