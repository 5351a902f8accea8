import { Context } from '@temporalio/activity'
import { artifactKeys } from '../../contracts/artifact-keys.ts'
import { EncryptionError } from '../../lib/crypto/encryption-error.ts'
import type { SealedStore } from '../../storage/sealed-store.ts'
import { putJson, readJson } from '../../storage/store.ts'
import { isLeftover } from './leftovers.ts'

interface EndMark {
  readonly keepPhotos: boolean
}

const erased = () => new EncryptionError('shredded', 'The data of this prediction has been erased')
const ended = () => new EncryptionError('shredded', 'The prediction has ended, and its data was deleted')

/** The prediction that has a private or published artifact. */
const predictionOf = (key: string): string | undefined => /^(?:predictions|public)\/([^/]+)\//.exec(key)?.[1]

/** Which run of a workflow a step belongs to. An operator may reset a prediction that has ended: that is another run. */
const runIdOf = (): string => Context.current().info.workflowExecution?.runId ?? ''

/** Marks that this run of the prediction has ended: leftovers that a fenced step of it stores from then on do not stay. */
export const closeFence = (
  store: SealedStore,
  { predictionId, keepPhotos }: EndMark & { predictionId: string },
): Promise<void> => putJson(store, artifactKeys.ended(predictionId, runIdOf()), { keepPhotos } satisfies EndMark)

/**
 * The store as steps see it. A worker that was stopped, or cut off, goes on with a step that another has done meanwhile: when
 * the prediction has ended and is tidied up, or when it is erased. So a step looks for both marks after each put, and takes
 * back what must not stay. Whoever sets a mark deletes afterwards, so that one of the two sees what the other did. Results
 * stay: a late attempt stores the same bytes as the one that counts.
 */
export const fenceStore = (store: SealedStore): SealedStore => ({
  ...store,
  async put(key, body, options) {
    const predictionId = predictionOf(key)
    if (!predictionId) return store.put(key, body, options)
    // Published files are not sealed: a key that is destroyed does not stop them.
    if (key.startsWith('public/') && (await store.isShredded(predictionId))) throw erased()
    const answer = await store.put(key, body, options)
    const [shredded, mark] = await Promise.all([
      store.isShredded(predictionId),
      readJson(store, artifactKeys.ended(predictionId, runIdOf())) as Promise<EndMark | undefined>,
    ])
    const isLate = mark !== undefined && isLeftover(key, { predictionId, ...mark })
    if (!shredded && !isLate) return answer
    await store.delete([key])
    throw shredded ? erased() : ended()
  },
})
