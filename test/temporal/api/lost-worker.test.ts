import { resolve } from 'node:path'
import { Context } from '@temporalio/activity'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createGuardedFetch } from '../../../activities/shared/guarded-fetch.ts'
import type { Prediction } from '../../../contracts/prediction.ts'
import { echo } from '../../fixtures/echo-model.ts'
import { eventually } from '../../support/eventually.ts'
import type { StepDouble } from '../../support/instant-steps.ts'
import { startApi, type TestApi } from '../../support/test-api.ts'
import { type Receiver, startReceiver } from '../../support/webhook-receiver.ts'

let started = 0
/** As on a worker that is stopped: it sends no heartbeat, and so never learns of a cancellation. */
const stopped: StepDouble = () => {
  started++
  return Context.current().cancelled
}

let api: TestApi
let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
  api = await startApi(
    { models: [echo] },
    {
      workflowsPath: resolve('test/fixtures/echo-workflows.ts'),
      steps: { intakePhoto: stopped },
      webhookFetch: createGuardedFetch({ allowPrivateNetwork: true }),
    },
  )
})
afterAll(async () => {
  await api?.stop()
  await receiver?.close()
})

/** Sent again with its key while the server is busy. */
const post = (key: string, headers = {}) =>
  eventually(async () => {
    const body = { input: { text: 'hi' }, webhook: receiver.url }
    const path = '/v1/models/test/echo/predictions'
    const response = await api.post(body, { 'idempotency-key': key, ...headers }, path)
    expect([201, 202]).toContain(response.status)
    return api.json(response)
  })
const get = (id: string) => api.json(api.request(`/v1/predictions/${id}`))
const told = (id: string) =>
  receiver.deliveries.map(({ body }) => JSON.parse(body) as Prediction).find((one) => one.id === id && one.completed_at)

it('a prediction that is canceled while its worker is stopped ends as canceled, also for its webhook', async () => {
  const before = started
  const { id } = await post('stopped')
  await eventually(() => expect(started).toBeGreaterThan(before))
  await api.request(`/v1/predictions/${id}/cancel`, { method: 'POST' })
  await eventually(async () => expect(await get(id)).toMatchObject({ status: 'canceled', error: null }))
  await eventually(() => expect(told(id)).toMatchObject({ status: 'canceled', error: null }))
  await eventually(async () => {
    const path = '/v1/predictions?status=canceled'
    const { results } = await api.json<{ results: Prediction[] }>(api.request(path))
    expect(results.map((one) => one.id)).toContain(id)
  })
})

it('Cancel-After ends a prediction whose worker is stopped with deadline_exceeded', async () => {
  const { id } = await post('late', { 'cancel-after': '5s' })
  await eventually(async () =>
    expect(await get(id)).toMatchObject({ status: 'canceled', metrics: { failure: { type: 'deadline_exceeded' } } }),
  )
})
