import { briefly } from '../lib/briefly.ts'
import { within } from '../lib/within.ts'
import { roundTrip } from './round-trip.ts'
import type { ArtifactStore } from './store.ts'

export interface WriteProbeOptions {
  /** A store that takes longer counts as away. */
  timeoutMs: number
  /** How long an answer is good for. */
  freshMs: number
  /** Whether those who ask at once share one try; not where requests may not wait for each other's I/O. */
  shared: boolean
}

/**
 * Whether artifacts can be written, read and deleted: it tries, once every `freshMs` at most, however many ask. A try that
 * hangs is not repeated before it has ended.
 */
export const createWriteProbe = (
  store: ArtifactStore,
  { timeoutMs, freshMs, shared }: WriteProbeOptions,
): (() => Promise<boolean>) => {
  const works = briefly(async () => (await roundTrip(store, '')).ok, { forMs: freshMs, shared })
  return () => within(works(), timeoutMs, false)
}
