import { Context } from '@temporalio/activity'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { StepDouble } from '../../support/instant-steps.ts'
import { photo, startApi, type TestApi } from '../../support/test-api.ts'

const heartbeatMs = 100

const untilCanceled: StepDouble = async () => {
  const context = Context.current()
  // Heartbeats bring the cancellation.
  const pulse = setInterval(() => context.heartbeat(), heartbeatMs)
  return context.cancelled.finally(() => clearInterval(pulse))
}

let api: TestApi
beforeAll(async () => {
  api = await startApi({}, { steps: { intakePhoto: untilCanceled } })
})
afterAll(() => api.stop())

it.each(['arc2face', 'face-embedding'])(
  'Cancel-After cancels a prediction of idem/%s that has not ended',
  async (name) => {
    const headers = { 'cancel-after': '5s', prefer: 'wait=20' }
    const path = `/v1/models/idem/${name}/predictions`
    expect(await api.json(api.post({ input: { input_image: photo } }, headers, path))).toMatchObject({
      status: 'canceled',
      error: 'Canceled after the 5 s that were asked for (deadline_exceeded)',
      metrics: { failure: { type: 'deadline_exceeded' } },
    })
  },
)
