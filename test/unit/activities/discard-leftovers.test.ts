import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDiscardLeftovers } from '../../../activities/discard-leftovers.ts'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import { type ActivityStore, openActivityStore } from '../../support/activity-store.ts'
import { runActivity } from '../../support/run-activity.ts'

let artifacts: ActivityStore
beforeAll(async () => {
  artifacts = await openActivityStore()
})
afterAll(() => artifacts.close())

/** Everything that the steps of a prediction store. */
const stored = (id: string) => ({
  photos: [artifactKeys.photo(id), artifactKeys.photo(id, 1), artifactKeys.crop(id), `predictions/${id}/upload-0`],
  drafts: [
    artifactKeys.checkpoint(id),
    artifactKeys.preview(id),
    artifactKeys.madeWith(id),
    artifactKeys.image(id, 0),
    artifactKeys.image(id, 0, 1),
  ],
  results: [artifactKeys.faces(id), artifactKeys.identity(id), artifactKeys.output(id, 0)],
})
const begin = async (id: string) => {
  const keys = stored(id)
  for (const key of Object.values(keys).flat()) await artifacts.put(key, new Uint8Array(1))
  return keys
}
const discard = (predictionId: string, keepPhotos: boolean) =>
  runActivity(createDiscardLeftovers({ store: artifacts.store }).discardLeftovers, { predictionId, keepPhotos })

describe('discardLeftovers', () => {
  it('deletes photos and drafts, and leaves what is a result', async () => {
    const { photos, drafts, results } = await begin('p1')
    expect(await discard('p1', false)).toEqual({ deleted: photos.length + drafts.length })
    expect((await artifacts.keysOf('p1')).toSorted()).toEqual(results.toSorted())
  })

  it('leaves photos and crops too where they are kept', async () => {
    const { photos, drafts, results } = await begin('kept')
    expect(await discard('kept', true)).toEqual({ deleted: drafts.length })
    expect((await artifacts.keysOf('kept')).toSorted()).toEqual([...photos, ...results].toSorted())
  })

  it('touches no other prediction, also if its id begins alike', async () => {
    await begin('p2')
    const other = Object.values(await begin('p22')).flat()
    await discard('p2', false)
    expect((await artifacts.keysOf('p22')).toSorted()).toEqual(other.toSorted())
  })

  it('has nothing to do at a second attempt, or for a prediction that stored nothing', async () => {
    await begin('again')
    await discard('again', false)
    expect(await discard('again', false)).toEqual({ deleted: 0 })
    expect(await discard('never', false)).toEqual({ deleted: 0 })
  })
})
