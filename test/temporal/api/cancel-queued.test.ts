import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Prediction } from '../../../contracts/prediction.ts'
import { eventually } from '../../support/eventually.ts'
import { photo, startApi, type TestApi } from '../../support/test-api.ts'

let goOn: () => void = () => undefined
const held = new Promise<void>((resolve) => {
  goOn = resolve
})

let api: TestApi
beforeAll(async () => {
  // The one gpu worker takes one job at a time.
  api = await startApi({}, { generate: () => held })
})
afterAll(async () => {
  goOn()
  await api?.stop()
})

const get = (id: string) => api.json<Prediction>(api.request(`/v1/predictions/${id}`))
const create = (key: string) =>
  eventually(async () => {
    const response = await api.post({ input: { input_image: photo } }, { 'idempotency-key': key })
    expect(response.status).toBe(201)
    return api.json(response)
  })

it('a prediction that is canceled while its diffusion waits for a worker ends as canceled', async () => {
  const waitsForGpu = async (id: string, phase: string) =>
    eventually(async () => {
      const { raw } = await api.client.workflow.getHandle(id).describe()
      expect(raw.pendingActivities?.map(({ activityType, state }) => [activityType?.name, state])).toEqual([
        ['generateImages', phase === 'started' ? 2 : 1],
      ])
    })
  const first = await create('first')
  await waitsForGpu(first.id, 'started')
  const second = await create('second')
  await waitsForGpu(second.id, 'scheduled')
  await api.request(`/v1/predictions/${second.id}/cancel`, { method: 'POST' })
  await eventually(async () => expect(await get(second.id)).toMatchObject({ status: 'canceled', error: null }))
})
