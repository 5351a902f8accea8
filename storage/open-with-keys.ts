import { type ArtifactStore, ArtifactStoreError } from './store.ts'

const named = (name: string, open: () => ArtifactStore): ArtifactStore => {
  try {
    return open()
  } catch (error) {
    if (!(error instanceof ArtifactStoreError)) throw error
    const message = `${name}: ${error.message.replace(/^IDEM_STORAGE: /, '')}`
    throw new ArtifactStoreError(message, { retryable: error.retryable, cause: error })
  }
}

/**
 * The artifact store and the store of its keys, which is undefined if keys lie with the artifacts. Throws
 * `ArtifactStoreError` if one URL names both: keys would lie among the artifacts without a name that tells them apart.
 */
export const openWithKeys = (
  { storageUrl, keysUrl }: { storageUrl: string; keysUrl: string | undefined },
  open: (url: string) => ArtifactStore,
): { store: ArtifactStore; keys: ArtifactStore | undefined } => {
  if (keysUrl === storageUrl) {
    const advice =
      'give keys their own bucket, prefix or folder, or leave IDEM_KEYS out to keep them with the artifacts'
    throw new ArtifactStoreError(`IDEM_KEYS and IDEM_STORAGE are the same; ${advice}`, { retryable: false })
  }
  const store = open(storageUrl)
  return { store, keys: keysUrl === undefined ? undefined : named('IDEM_KEYS', () => open(keysUrl)) }
}
