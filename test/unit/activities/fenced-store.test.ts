import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDiscardLeftovers } from '../../../activities/discard-leftovers.ts'
import { destroyPrediction } from '../../../activities/shared/artifacts.ts'
import { fenceStore } from '../../../activities/shared/fenced-store.ts'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import type { SealedStore } from '../../../storage/sealed-store.ts'
import { type ActivityStore, openActivityStore } from '../../support/activity-store.ts'
import { runActivity, startActivity } from '../../support/run-activity.ts'

let artifacts: ActivityStore
beforeAll(async () => {
  artifacts = await openActivityStore()
})
afterAll(() => artifacts.close())

const run = (runId: string) => ({ workflowExecution: { workflowId: 'p', runId } })
const discard = (predictionId: string, keepPhotos = false) =>
  startActivity(
    createDiscardLeftovers({ store: artifacts.store }).discardLeftovers,
    { predictionId, keepPhotos },
    run('1'),
  ).result

/** A step that stores an artifact; the bytes arrive when `arrive` resolves, as those of a stopped worker do. */
const put = (
  key: string,
  { runId = '1', arrive = async () => {} }: { runId?: string; arrive?: () => unknown } = {},
) => {
  const slow: SealedStore = {
    ...artifacts.store,
    put: async (...args) => {
      await arrive()
      return artifacts.store.put(...args)
    },
  }
  const step = () => fenceStore(slow).put(key, new Uint8Array(1), { contentType: 'image/png' })
  return startActivity(step, undefined, run(runId)).result
}
const removed = { type: 'data_removed', nonRetryable: true }

describe('a step whose put arrives late', () => {
  it('publishes nothing once an erasure has begun', async () => {
    await put(artifactKeys.identity('erased'))
    await discard('erased')
    const arrive = () => destroyPrediction(artifacts.store, 'erased')
    await expect(put(artifactKeys.output('erased', 0), { arrive })).rejects.toMatchObject(removed)
    await expect(put(artifactKeys.output('erased', 1))).rejects.toMatchObject(removed)
    expect(await artifacts.keysOf('erased')).toEqual([])
    expect((await artifacts.store.list('ended/erased/')).artifacts).toEqual([])
  })

  it.each([artifactKeys.crop('over'), artifactKeys.photo('over'), artifactKeys.checkpoint('over')])(
    'leaves no %s after the clean-up',
    async (key) => {
      const arrive = () => discard('over')
      await expect(put(key, { arrive })).rejects.toMatchObject(removed)
      await expect(put(key)).rejects.toMatchObject(removed)
      expect(await artifacts.keysOf('over')).toEqual([])
    },
  )

  it('takes no result away, and no photo that is kept', async () => {
    const kept = [artifactKeys.identity('kept'), artifactKeys.output('kept', 0), artifactKeys.photo('kept')]
    for (const key of kept) await put(key)
    await discard('kept', true)
    for (const key of kept) await put(key)
    expect((await artifacts.keysOf('kept')).toSorted()).toEqual(kept.toSorted())
  })
})

describe('a prediction that is reset after its end', () => {
  it('may store again, because it is another run', async () => {
    await discard('reset')
    await put(artifactKeys.checkpoint('reset'), { runId: '2' })
    expect(await artifacts.keysOf('reset')).toEqual([artifactKeys.checkpoint('reset')])
  })
})

it('a fenced store refuses nothing of a prediction that runs', async () => {
  const keys = [artifactKeys.photo('runs'), artifactKeys.output('runs', 0)]
  for (const key of keys) await put(key)
  await runActivity(async () => fenceStore(artifacts.store).delete([keys[0]!]), undefined)
  expect(await artifacts.keysOf('runs')).toEqual([keys[1]])
})
