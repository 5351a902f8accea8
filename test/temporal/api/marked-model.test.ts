import { afterAll, beforeAll, expect, it } from 'vitest'
import { arc2face } from '../../../api/models/arc2face.ts'
import { createGrpcOrchestrator } from '../../../temporal/grpc-orchestrator.ts'
import { instantSteps } from '../../support/instant-steps.ts'
import { photo, startApi, type TestApi } from '../../support/test-api.ts'
import { predictionOf } from '../temporal/orchestrator-suite.ts'

/** Another model by the same workflow. */
const portrait = { ...arc2face, name: 'test/portrait' } as const
const instant = instantSteps('cpu')
/** The model that the images of a prediction are marked with. */
const marks = new Map<string, string>()

let api: TestApi
beforeAll(async () => {
  const publishImages: typeof instant.publishImages = async (input) => {
    marks.set(input.predictionId, (input as never as { model: string }).model)
    return instant.publishImages(input)
  }
  api = await startApi({ models: [portrait] }, { steps: { publishImages } })
})
afterAll(() => api.stop())

it('an image is marked with the model that made it', async () => {
  const path = '/v1/models/test/portrait/predictions'
  const { id, status } = await api.json(api.post({ input: { input_image: photo } }, { prefer: 'wait' }, path))
  expect([status, marks.get(id)]).toEqual(['succeeded', 'test/portrait'])
})

it('also if an earlier release started it, whose inputs do not name the model', async () => {
  const orchestrator = createGrpcOrchestrator(api.client)
  const prediction = { ...predictionOf(), model: 'test/portrait' }
  const { predictionId: id, model } = prediction.start.input
  expect(model).toBeUndefined()
  await orchestrator.start(prediction)
  await orchestrator.waitForEnd(id, 60_000)
  expect(marks.get(id)).toBe('test/portrait')
})
