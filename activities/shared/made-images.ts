import type { MadeWith } from '../../contracts/generate-faces.ts'
import { saysDamaged } from '../../lib/crypto/encryption-error.ts'
import { type ArtifactStore, putJson, readJson } from '../../storage/store.ts'

// What made the images of an attempt is stored after the last of them: a worker that finds both need not make them again,
// and does not claim to have made them.

export const recordMade = (store: ArtifactStore, key: string, madeWith: MadeWith): Promise<void> =>
  putJson(store, key, madeWith)

const readRecord = async (store: ArtifactStore, key: string): Promise<MadeWith | undefined> => {
  try {
    return (await readJson(store, key)) as MadeWith | undefined
  } catch (error) {
    if (saysDamaged(error) || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** What made the images of an attempt; undefined unless that and all of them are stored. */
export const readMade = async (
  store: ArtifactStore,
  key: string,
  imageKeys: readonly string[],
): Promise<MadeWith | undefined> => {
  const madeWith = await readRecord(store, key)
  if (!madeWith) return undefined
  const images = await Promise.all(imageKeys.map((imageKey) => store.head(imageKey)))
  if (images.every(Boolean)) return madeWith
  // It must not speak for the images that are made now.
  await store.delete([key])
  return undefined
}
