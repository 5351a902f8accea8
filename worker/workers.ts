import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, type NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker'
import { createAnalysePhoto } from '../activities/analyse-photo.ts'
import { createDiscardLeftovers } from '../activities/discard-leftovers.ts'
import { createEmbedFace } from '../activities/embed-face.ts'
import { createErasePrediction } from '../activities/erase-prediction.ts'
import { createFindFace } from '../activities/find-face.ts'
import { createGenerateImages } from '../activities/generate-images.ts'
import { createIntakePhoto } from '../activities/intake-photo.ts'
import { createPublishImages } from '../activities/publish-images.ts'
import { createSendWebhook, type LoadPrediction, webhookLimits } from '../activities/send-webhook.ts'
import { translateFailures } from '../activities/shared/failure.ts'
import { fenceStore } from '../activities/shared/fenced-store.ts'
import { fetchPhoto } from '../activities/shared/fetch-photo.ts'
import { createGuardedFetch } from '../activities/shared/guarded-fetch.ts'
import { createSweep } from '../activities/sweep.ts'
import { createVerifyImages } from '../activities/verify-images.ts'
import { limits } from '../contracts/limits.ts'
import { outboundQueue, type Queue, queues, webhookQueue } from '../contracts/queues.ts'
import type { StepsOn } from '../contracts/steps.ts'
import type { Bundle } from '../inference/bundle.ts'
import { createDiffusionEngine } from '../inference/engine/diffusion-engine.ts'
import { createFaceEngine } from '../inference/engine/face-engine.ts'
import { faceModels } from '../inference/engine/face-models.ts'
import type { AcceptedPayloads } from '../lib/accepted-payloads.ts'
import { createBudget } from '../lib/budget.ts'
import type { KeyRing } from '../lib/crypto/key-ring.ts'
import type { SealedStore } from '../storage/sealed-store.ts'
import type { WorkerObserver } from '../telemetry/observe-workers.ts'
import { createDataConverter } from '../temporal/data-converter.ts'
import { deploymentOptions } from '../temporal/deployment.ts'
import type { PredictionAdmin } from '../temporal/prediction-admin.ts'
import { sealWorkers } from '../temporal/seal-workers.ts'
import { software } from './software.ts'
import { createWorkMeter } from './work-meter.ts'

export interface WorkersOptions {
  connection: NativeConnection
  namespace: string
  queues: readonly Queue[]
  store: SealedStore
  keyRing: KeyRing
  /** Which payloads are read. */
  accept: AcceptedPayloads
  /** How long artifacts are kept; the sweep of the queue `cpu` goes by it. */
  retentionMs: number
  bundle: Bundle
  executionProviders: readonly string[]
  allowPrivateNetwork: boolean
  /** URL that fetches and webhooks name in their user agent. */
  fetchContact?: string | undefined
  /** `whsec_…`, newest first. */
  webhookSecrets: readonly string[]
  loadPrediction: LoadPrediction
  admin: PredictionAdmin
  /** Metrics and traces, where somebody looks at them. */
  observer?: WorkerObserver | undefined
  /** Which build these workers are, where workflows are to stay on theirs. */
  buildId?: string | undefined
}

const cachedWorkflows = 500
/** Jobs that share the batches of one device. */
const gpuSlots = 4
/** Steps that wait for strangers' servers, or until their tenant may fetch another photo: they cost next to nothing. */
const outboundSlots = 64
const fetchesAtOnce = { total: 16, perKey: 4 }
/** One photo of the largest size, or several smaller ones: bench/photo-memory.md. */
const heldPixels = limits.photoPixels
/** How long quick steps may still run after a stop; diffusion is handed back at once. */
const graceTime = '10 seconds'

/** Workers for some of the queues in this process, with the engines that they need. */
export const createWorkers = async (options: WorkersOptions) => {
  const { connection, namespace, bundle, admin, observer, accept, retentionMs } = options
  const store = observer?.store(options.store) ?? options.store
  const fenced = fenceStore(store)
  const closers: (() => Promise<void>)[] = []
  const meter = createWorkMeter()
  const dataConverter = createDataConverter(options.keyRing, { namespace, accept })
  const { failureConverterPath } = dataConverter
  const seals = sealWorkers(accept)
  const common = {
    connection,
    namespace,
    dataConverter,
    ...deploymentOptions(options.buildId),
    interceptors: {
      activity: [...seals.activity, meter.interceptor, ...(observer?.interceptors.activity ?? [])],
    },
    ...(observer && { sinks: observer.sinks }),
    // As many polls as there is work for.
    workflowTaskPollerBehavior: { type: 'autoscaling' },
    activityTaskPollerBehavior: { type: 'autoscaling' },
    // Progress that is older than this would look stuck.
    maxHeartbeatThrottleInterval: '400 milliseconds',
    shutdownGraceTime: graceTime,
    shutdownForceTime: '30 seconds',
  } satisfies Partial<WorkerOptions>

  const make: Record<Queue, () => Promise<Worker[]>> = {
    control: async () => {
      const workflowBundle = await bundleWorkflowCode({
        workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
        workflowInterceptorModules: [...seals.workflowModules, ...(observer?.interceptors.workflowModules ?? [])],
        ...(failureConverterPath && { failureConverterPath }),
        logger: Runtime.instance().logger,
      })
      const create = (taskQueue: string) =>
        Worker.create({ ...common, taskQueue, workflowBundle, maxCachedWorkflows: cachedWorkflows })
      return Promise.all([create(queues.control), create(webhookQueue)])
    },
    cpu: async () => {
      const faces = createFaceEngine({ models: faceModels(bundle) })
      closers.push(() => faces.close())
      const { allowPrivateNetwork, fetchContact: contact } = options
      const fetch = createGuardedFetch({ allowPrivateNetwork, contact })
      const webhookFetch = createGuardedFetch({ allowPrivateNetwork, contact, ...webhookLimits })
      const pixels = createBudget({ total: heldPixels })
      const outbound = {
        ...createIntakePhoto({
          store: fenced,
          fetchPhoto: (url, signal) => fetchPhoto(fetch, url, { maxBytes: limits.photoBytes, signal }),
          fetches: createBudget(fetchesAtOnce),
          pixels,
        }),
        ...createSendWebhook({
          fetch: observer?.webhooks(webhookFetch) ?? webhookFetch,
          secrets: options.webhookSecrets,
          loadPrediction: options.loadPrediction,
        }),
      }
      const create = (
        options: Pick<WorkerOptions, 'taskQueue' | 'activities' | 'maxConcurrentActivityTaskExecutions'>,
      ) => Worker.create({ ...common, ...options })
      const cpu = {
        taskQueue: queues.cpu,
        maxConcurrentActivityTaskExecutions: Math.max(4, availableParallelism() * 2),
        activities: translateFailures({
          // Photos that came with a request; and what workflows of earlier releases schedule here.
          ...outbound,
          ...createFindFace({ store: fenced, faces, pixels }),
          ...createAnalysePhoto({ store: fenced, faces, pixels }),
          ...createEmbedFace({ store: fenced, faces }),
          ...createVerifyImages({ store: fenced, faces }),
          ...createPublishImages({ store: fenced }),
          ...createDiscardLeftovers({ store }),
          ...createErasePrediction({ store, admin }),
          ...createSweep({ store, admin, retentionMs }),
        } satisfies StepsOn<'cpu'>),
      }
      return Promise.all([
        create(cpu),
        create({
          taskQueue: outboundQueue,
          maxConcurrentActivityTaskExecutions: outboundSlots,
          activities: translateFailures(outbound),
        }),
      ])
    },
    gpu: async () => {
      const { executionProviders } = options
      const madeWith = { ...software, executionProviders, bundleSha256: bundle.sha256 }
      const engine = createDiffusionEngine({ bundle, executionProviders })
      const diffusion = observer?.diffusion(engine) ?? engine
      closers.push(() => engine.close())
      const worker = await Worker.create({
        ...common,
        taskQueue: queues.gpu,
        shutdownGraceTime: 0,
        maxConcurrentActivityTaskExecutions: gpuSlots,
        activities: translateFailures({
          ...createGenerateImages({ store: fenced, diffusion, madeWith }),
        } satisfies StepsOn<'gpu'>),
      })
      return [worker]
    },
  }
  const workers = (await Promise.all(options.queues.map((queue) => make[queue]()))).flat()

  return {
    /** Polls until `shutdown`; rejects when a worker fails. */
    run: async () => {
      try {
        await Promise.all(workers.map((worker) => worker.run()))
      } finally {
        await Promise.all(closers.map((close) => close()))
      }
    },
    /** Stops polling, drains and lets `run` resolve. */
    shutdown: () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown()
    },
    statuses: () => workers.map((worker) => ({ queue: worker.options.taskQueue, ...worker.getStatus() })),
    tasks: meter.running,
    finished: meter.finished,
  }
}
