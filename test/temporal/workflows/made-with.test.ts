import { resolve } from 'node:path'
import { Connection } from '@temporalio/client'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import type { PublishImagesInput } from '../../../activities/publish-images.ts'
import type { GenerateFacesInput, GenerateFacesResult, MadeWith } from '../../../contracts/generate-faces.ts'
import { newPredictionId } from '../../../contracts/prediction-id.ts'
import { queues } from '../../../contracts/queues.ts'
import { instantSteps } from '../../support/instant-steps.ts'
import { createNamespace, createTestClient, runWorker } from '../../support/namespace.ts'
import { settings } from '../../support/settings.ts'
import { keyRing } from '../../support/test-api.ts'

const madeBy = (bundleSha256: string): MadeWith => ({
  software: 'test',
  onnxruntime: '0',
  executionProviders: ['cpu'],
  bundleSha256,
})

/** What publishes the images is given. */
const published: PublishImagesInput[] = []
let connection: Connection
let stop: () => Promise<void>
let execute: (input: GenerateFacesInput) => Promise<GenerateFacesResult>

beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') })
  const namespace = await createNamespace(connection)
  const common = { namespace, keyRing }
  const cpu = {
    ...instantSteps('cpu'),
    // The first attempt of the second image is of somebody else.
    verifyImages: async ({ imageKeys }: { imageKeys: string[] }) => ({
      similarity: imageKeys.map((key) => (key === 'image-0-1' ? 0 : 1)),
    }),
    publishImages: async (input: PublishImagesInput) => {
      published.push(input)
      return instantSteps('cpu').publishImages(input as never)
    },
  }
  const gpu = {
    // A worker with another bundle has taken over between the attempts.
    generateImages: async ({ attempt, indices }: { attempt: number; indices: number[] }) => ({
      imageKeys: indices.map((index) => `image-${attempt}-${index}`),
      madeWith: madeBy(`bundle ${attempt}`),
    }),
  }
  const workers = await Promise.all([
    runWorker({ ...common, taskQueue: queues.control, workflowsPath: resolve('workflows/index.ts') }),
    runWorker({ ...common, taskQueue: queues.cpu, activities: cpu }),
    runWorker({ ...common, taskQueue: queues.gpu, activities: gpu }),
  ])
  const client = createTestClient(connection, namespace, keyRing)
  execute = (input) =>
    client.workflow.execute('generateFaces', {
      workflowId: input.predictionId,
      taskQueue: queues.control,
      args: [input],
    })
  stop = async () => {
    await Promise.all(workers.map((worker) => worker.stop()))
  }
})
afterAll(async () => {
  await stop?.()
  await connection.close()
})

it('each image is marked as made by, and says, what made it, also if its attempts ran on different bundles', async () => {
  const { images, madeWith } = await execute({
    predictionId: newPredictionId(),
    model: 'idem/arc2face',
    retentionMs: 3_600_000,
    keepPhotos: false,
    photos: [],
    identityKey: 'identity',
    faceSelection: 'largest',
    minFaceSizePx: 0,
    seeds: [1, 2],
    settings,
    minSimilarity: 0.5,
    maxAttempts: 3,
    echo: {},
  })
  expect(madeWith).toEqual(madeBy('bundle 0'))
  expect(images.map((image) => image.madeWith)).toEqual([undefined, madeBy('bundle 1')])
  expect(published).toMatchObject([
    {
      madeWith: madeBy('bundle 0'),
      images: [{ imageKey: 'image-0-0' }, { imageKey: 'image-1-1', madeWith: madeBy('bundle 1') }],
    },
  ])
  expect(published[0]!.images[0]).not.toHaveProperty('madeWith')
})
