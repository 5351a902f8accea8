import { isPublished } from '../contracts/artifact-keys.ts'
import { type ArtifactStore, ArtifactStoreError } from './store.ts'

/** What signed URLs hand out. */
export type PublishedFiles = Pick<ArtifactStore, 'get' | 'head'>

/**
 * The published files of a store, as they are stored. It refuses every other key and unseals nothing, so that a forged or
 * mistaken grant gives away no photo, vector or key.
 *
 * @example
 * const published = createPublishedFiles(openStore('file:.idem/artifacts', options))
 * await published.get('public/4x…/output-0.png')
 */
export const createPublishedFiles = (store: ArtifactStore): PublishedFiles => {
  const check = (key: string) => {
    if (isPublished(key)) return
    throw new ArtifactStoreError('Signed URLs only serve published files', { retryable: false })
  }
  return {
    async get(key, range) {
      check(key)
      return store.get(key, range)
    },
    async head(key) {
      check(key)
      return store.head(key)
    },
  }
}
