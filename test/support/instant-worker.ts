import { resolve } from 'node:path'
import { heartbeat } from '@temporalio/activity'
import { ApplicationFailure, type Client } from '@temporalio/client'
import { createDiscardLeftovers } from '../../activities/discard-leftovers.ts'
import { createErasePrediction } from '../../activities/erase-prediction.ts'
import { createSendWebhook, type SendWebhookDeps } from '../../activities/send-webhook.ts'
import { createSweep } from '../../activities/sweep.ts'
import { artifactKeys } from '../../contracts/artifact-keys.ts'
import { outboundQueue, webhookQueue } from '../../contracts/queues.ts'
import type { StepOn, StepsOn } from '../../contracts/steps.ts'
import type { AcceptedPayloads } from '../../lib/accepted-payloads.ts'
import type { KeyRing } from '../../lib/crypto/key-ring.ts'
import type { SealedStore } from '../../storage/sealed-store.ts'
import { createPredictionAdmin } from '../../temporal/grpc-prediction-admin.ts'
import { instantSteps, type StepDouble } from './instant-steps.ts'
import { runWorker } from './namespace.ts'

export interface InstantWorkerOptions {
  client: Client
  namespace: string
  keyRing: KeyRing
  store: SealedStore
  retentionMs?: number
  /** Which payloads they read; only sealed ones by default. */
  accept?: AcceptedPayloads
  /** What `generateImages` does before it answers. */
  generate?: (input: { predictionId: string; seeds: number[] }) => Promise<void>
  /** Steps that do something else. */
  steps?: Partial<Record<StepOn<'cpu'>, StepDouble>>
  /** Activities of the cpu queue that are not steps. */
  activities?: Record<string, () => Promise<unknown>>
  /** Those of `workflows/index.ts` by default. */
  workflowsPath?: string
  /** Delivers webhooks; nothing does by default. */
  webhooks?: SendWebhookDeps
}

const heartbeatMs = 1_000

/** Real workflows, storage and clean-up with steps that compute nothing: what is left is the orchestration itself. */
export const runInstantWorkers = async (options: InstantWorkerOptions) => {
  const {
    client,
    namespace,
    keyRing,
    store,
    retentionMs = 3_600_000,
    accept = 'sealed',
    generate,
    steps,
    webhooks,
  } = options
  const workflowsPath = options.workflowsPath ?? resolve('workflows/index.ts')
  const admin = createPredictionAdmin(client, { accept })
  const image = new TextEncoder().encode('no image')
  const cpu = {
    ...instantSteps('cpu'),
    intakePhoto: async ({
      predictionId,
      index,
      source,
    }: {
      predictionId: string
      index: number
      source: { url?: string }
    }) => {
      if (source.url?.includes('missing')) throw ApplicationFailure.nonRetryable('Not there', 'photo_unreachable')
      await store.put(artifactKeys.photo(predictionId, index), image, { contentType: 'image/png' })
      return { photoKey: artifactKeys.photo(predictionId, index), width: 1, height: 1 }
    },
    embedFace: async ({ predictionId }: { predictionId: string }) => {
      await store.put(artifactKeys.identity(predictionId), image, { contentType: 'application/octet-stream' })
      return { identityKey: artifactKeys.identity(predictionId) }
    },
    publishImages: async ({ predictionId, images }: { predictionId: string; images: object[] }) => ({
      published: await Promise.all(
        images.map(async (_, index) => {
          const key = artifactKeys.output(predictionId, index)
          await store.put(key, image, { contentType: 'image/png' })
          return { key, sha256: '0', pixelsSha256: '0' }
        }),
      ),
    }),
    ...createDiscardLeftovers({ store }),
    ...createErasePrediction({ store, admin }),
    ...createSweep({ store, admin, retentionMs }),
    ...steps,
    ...options.activities,
    ...(webhooks && createSendWebhook(webhooks)),
  } satisfies StepsOn<'cpu'>
  const instantGpu = instantSteps('gpu')
  const gpu = {
    ...instantGpu,
    generateImages: async (input: Parameters<typeof instantGpu.generateImages>[0]) => {
      // A step that is held must not look like a dead worker.
      const pulse = setInterval(() => heartbeat(), heartbeatMs)
      try {
        await generate?.(input)
      } finally {
        clearInterval(pulse)
      }
      return instantGpu.generateImages(input)
    },
  } satisfies StepsOn<'gpu'>
  const workers = [
    await runWorker({ namespace, keyRing, accept, taskQueue: 'control', workflowsPath }),
    await runWorker({ namespace, keyRing, accept, taskQueue: 'cpu', activities: cpu }),
    await runWorker({ namespace, keyRing, accept, taskQueue: outboundQueue, activities: cpu }),
    await runWorker({
      namespace,
      keyRing,
      accept,
      taskQueue: 'gpu',
      activities: gpu,
      maxConcurrentActivityTaskExecutions: 1,
    }),
  ]
  if (webhooks) workers.push(await runWorker({ namespace, keyRing, accept, taskQueue: webhookQueue, workflowsPath }))
  return {
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.stop()))
    },
  }
}
