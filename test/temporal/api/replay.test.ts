import { afterAll, beforeAll, expect, it } from 'vitest'
import { createGrpcOrchestrator } from '../../../temporal/grpc-orchestrator.ts'
import { photo, startApi, type TestApi } from '../../support/test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

it('replay_of takes over what the images depend on, and no deadline, webhook or retention of the earlier request', async () => {
  const earlier = await api.json(
    api.post(
      { input: { input_image: photo, num_images: 2, seed: 7 }, webhook: 'https://hook.example', retention: '30m' },
      { prefer: 'wait', 'cancel-after': '1h' },
    ),
  )
  const { id, status } = await api.json(api.post({ input: { replay_of: earlier.id } }, { prefer: 'wait' }))
  expect(status).toBe('succeeded')
  const orchestrator = createGrpcOrchestrator(api.client)
  const [first, again] = await Promise.all([orchestrator.read(earlier.id), orchestrator.read(id)])
  expect(first?.input).toMatchObject({
    cancelAfterMs: 3_600_000,
    retentionMs: 1_800_000,
    webhook: { url: 'https://hook.example' },
  })
  expect(again?.input).toMatchObject({ seeds: [7, 8], replayOf: earlier.id, retentionMs: 3_600_000 })
  expect(again?.input).not.toHaveProperty('cancelAfterMs')
  expect(again?.input).not.toHaveProperty('webhook')
})
