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
      error: 'Canceled because it did not end within 5 s (deadline_exceeded)',
      metrics: { failure: { type: 'deadline_exceeded' } },
    })
  },
)

it('a canceled prediction is answered as canceled, with the time of its end', async () => {
  const { id } = await api.json(api.post({ input: { input_image: photo } }))
  const canceled = await api.json(api.request(`/v1/predictions/${id}/cancel`, { method: 'POST' }))
  expect(canceled).toMatchObject({ id, status: 'canceled', completed_at: expect.any(String) })
})

it('a wait is counted from when the request arrived, and ends before a client that counts itself gives up', async () => {
  const sent = performance.now()
  const answer = await api.json(api.post({ input: { input_image: photo } }, { prefer: 'wait=2' }))
  const tookMs = performance.now() - sent
  expect(answer.status).toBe('starting')
  // Not a bound on speed: a wait that was counted from later would be longer on any machine.
  expect(tookMs).toBeGreaterThan(1_000)
  await api.request(`/v1/predictions/${answer.id}/cancel`, { method: 'POST' })
})
