import { expect, it } from 'vitest'
import { makeToken } from '../../../api/token-records.ts'
import { eventually } from '../../support/eventually.ts'
import { photo, startApi } from '../../support/test-api.ts'

it("one tenant's thousand predictions do not starve another's one", async () => {
  const [many, one] = await Promise.all([makeToken('many'), makeToken('one')])
  const made: string[] = []
  let open: () => void = () => undefined
  const gate = new Promise<void>((resolve) => (open = resolve))
  const api = await startApi(
    { tokens: [many.record, one.record] },
    {
      // In the one slot of the gpu queue.
      generate: async ({ predictionId }) => {
        await gate
        made.push(predictionId)
      },
    },
  )
  const post = async ({ token }: { token: string }) =>
    (await api.json(api.post({ input: { input_image: photo, num_images: 1 } }, { authorization: `Bearer ${token}` })))
      .id
  const backlog = 60
  for (let i = 0; i < backlog; i += 20) await Promise.all(Array.from({ length: 20 }, () => post(many)))
  const queued = async () => {
    const { stats } = await api.connection.workflowService.describeTaskQueue({
      namespace: api.namespace,
      taskQueue: { name: 'gpu' },
      taskQueueType: 2,
      reportStats: true,
    })
    return Number(stats?.approximateBacklogCount ?? 0)
  }
  await eventually(async () => expect(await queued()).toBeGreaterThan(backlog / 2))
  // Some, since a single one may come to the partition of the queue that is asked last.
  const late = await Promise.all(Array.from({ length: 5 }, () => post(one)))
  const headers = { authorization: `Bearer ${one.token}` }
  await eventually(async () => {
    for (const id of late)
      expect(await api.json(api.request(`/v1/predictions/${id}`, { headers }))).toMatchObject({
        metrics: { phase: 'generateImages' },
      })
  })
  open()
  await eventually(() => expect(made).toHaveLength(backlog + late.length))
  const places = late.map((id) => made.indexOf(id)).sort((a, b) => a - b)
  expect(places[2]).toBeLessThan(backlog / 2)
  await api.stop()
})
