import { within } from '../lib/within.ts'
import type { PublishedFiles } from './published-files.ts'
import type { SealedStore } from './sealed-store.ts'
import { ArtifactStoreError } from './store.ts'

const late = Symbol('late')

const boundBy =
  (timeoutMs: number) =>
  <A extends unknown[], T>(what: string, run: (...args: A) => Promise<T>) =>
  async (...args: A): Promise<T> => {
    const answer = await within(run(...args), timeoutMs, late)
    if (answer !== late) return answer as T
    throw new ArtifactStoreError(`The store did not ${what} within ${timeoutMs} ms`, { retryable: true })
  }

export interface BoundOptions {
  /** For a whole operation: its retries are included. */
  timeoutMs: number
}

/**
 * A store for callers who wait for an answer: an operation that takes too long fails with a retryable `ArtifactStoreError`.
 * The operation itself is not stopped; it ends as the driver says.
 *
 * @example
 * const store = createBoundedStore(sealedStore, { timeoutMs: 10_000 })
 */
export const createBoundedStore = (store: SealedStore, { timeoutMs }: BoundOptions): SealedStore => {
  const bound = boundBy(timeoutMs)
  return {
    ...store,
    put: bound('store an artifact', (...args: Parameters<SealedStore['put']>) => store.put(...args)),
    get: bound('read an artifact', (...args: Parameters<SealedStore['get']>) => store.get(...args)),
    head: bound('look up an artifact', (...args: Parameters<SealedStore['head']>) => store.head(...args)),
    list: bound('list its artifacts', (...args: Parameters<SealedStore['list']>) => store.list(...args)),
    delete: bound('delete artifacts', (...args: Parameters<SealedStore['delete']>) => store.delete(...args)),
    shred: bound('destroy a key', (...args: Parameters<SealedStore['shred']>) => store.shred(...args)),
    forget: bound('delete a key', (...args: Parameters<SealedStore['forget']>) => store.forget(...args)),
  }
}

/** The same for published files: how long their bytes take is not bounded. */
export const createBoundedFiles = (files: PublishedFiles, { timeoutMs }: BoundOptions): PublishedFiles => {
  const bound = boundBy(timeoutMs)
  return { get: bound('read a file', files.get), head: bound('look up a file', files.head) }
}
