import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createErasePrediction } from '../../../activities/erase-prediction.ts'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import { webhookWorkflowId } from '../../../contracts/webhooks.ts'
import type { PredictionAdmin } from '../../../temporal/prediction-admin.ts'
import { type ActivityStore, openActivityStore } from '../../support/activity-store.ts'
import { createFakeAdmin, type FakeAdmin } from '../../support/fake-admin.ts'
import { runActivity } from '../../support/run-activity.ts'

const predictionId = 'p1'
const webhook = webhookWorkflowId(predictionId)

let artifacts: ActivityStore
beforeAll(async () => {
  artifacts = await openActivityStore()
})
afterAll(() => artifacts.close())
afterEach(() => {
  vi.useRealTimers()
})

const activitiesOf = (admin: PredictionAdmin) => createErasePrediction({ store: artifacts.store, admin })
const end = (admin: FakeAdmin) => runActivity(activitiesOf(admin).endPrediction, { predictionId })
const deleteHistories = (admin: FakeAdmin) => runActivity(activitiesOf(admin).deleteHistories, { predictionId })

/** Runs what waits by a clock without waiting for it. */
const inNoTime = async <T>(run: () => Promise<T>): Promise<T> => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
  const settled = run().then(
    (value) => () => value,
    (error) => () => {
      throw error
    },
  )
  await vi.advanceTimersByTimeAsync(300_000)
  return (await settled)()
}

describe('endPrediction', () => {
  it.each([
    ['never was', {}],
    ['has ended', { [predictionId]: [{ runId: 'r1', running: false }] }],
  ])('has nothing to do where the prediction %s', async (_, workflows) => {
    const admin = createFakeAdmin(workflows)
    expect(await end(admin)).toEqual({ canceled: false })
    expect(admin.calls).toEqual([])
  })

  it('cancels a prediction that runs, and waits for its end', async () => {
    const admin = createFakeAdmin({ [predictionId]: [{ runId: 'r1', running: true }] })
    admin.onCancel = (id) => setTimeout(() => admin.end(id), 250)
    expect(await inNoTime(() => end(admin))).toEqual({ canceled: true })
    expect(admin.calls).toEqual([`cancel ${predictionId}`])
  })

  it('ends by force what does not end', async () => {
    const admin = createFakeAdmin({ [predictionId]: [{ runId: 'r1', running: true }] })
    expect(await inNoTime(() => end(admin))).toEqual({ canceled: true })
    expect(admin.calls).toEqual([`cancel ${predictionId}`, `terminate ${predictionId}`])
  })
})

describe('destroyArtifacts', () => {
  it('shreds the key and deletes all that belongs to the prediction, and nothing else', async () => {
    const keys = [artifactKeys.photo(predictionId), artifactKeys.identity(predictionId)]
    const published = artifactKeys.output(predictionId, 0)
    const other = artifactKeys.photo('p2')
    for (const key of [...keys, published, other]) await artifacts.put(key, new Uint8Array(1))
    const { destroyArtifacts } = activitiesOf(createFakeAdmin())
    const { artifacts: destroyed } = await runActivity(destroyArtifacts, { predictionId })
    expect(destroyed.toSorted()).toEqual([...keys, published].toSorted())
    expect(await artifacts.keysOf(predictionId)).toEqual([])
    expect(await artifacts.keysOf('p2')).toEqual([other])
    // What a step that is late may still write is refused.
    await expect(artifacts.put(keys[0]!, new Uint8Array(1))).rejects.toMatchObject({ problem: 'shredded' })
    expect(await runActivity(destroyArtifacts, { predictionId })).toMatchObject({ artifacts: [], derived: [] })
  })
})

describe('deleteHistories', () => {
  it('deletes every run of the prediction and of the delivery of its webhook', async () => {
    const admin = createFakeAdmin({
      [predictionId]: [
        { runId: 'r1', running: false },
        { runId: 'r2', running: false },
      ],
      [webhook]: [{ runId: 'w1', running: false }],
    })
    expect(await deleteHistories(admin)).toEqual({ histories: [webhook, predictionId] })
    expect(admin.workflows).toEqual({ [predictionId]: [], [webhook]: [] })
    // There is nothing left for a second attempt.
    expect(await deleteHistories(admin)).toEqual({ histories: [] })
  })

  it('ends a delivery that still waits for its receiver', async () => {
    const admin = createFakeAdmin({ [webhook]: [{ runId: 'w1', running: true }] })
    expect(await deleteHistories(admin)).toEqual({ histories: [webhook] })
    expect(admin.calls).toEqual([`terminate ${webhook}`, `delete ${webhook} w1`])
  })

  it('deletes a run that the list does not show yet', async () => {
    const admin = createFakeAdmin({ [predictionId]: [{ runId: 'new', running: false }] })
    admin.runs = async () => []
    expect(await deleteHistories(admin)).toEqual({ histories: [predictionId] })
    expect(admin.calls).toContain(`delete ${predictionId} new`)
  })

  it('is tried again where a history is not gone in time', async () => {
    const admin = createFakeAdmin({ [predictionId]: [{ runId: 'r1', running: false }] })
    admin.deleteRun = async () => undefined
    await expect(inNoTime(() => deleteHistories(admin))).rejects.toMatchObject({
      type: 'internal',
      nonRetryable: false,
      message: `The history of ${predictionId} is not deleted yet`,
    })
  })
})
