import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { failures } from '../contracts/failures.ts'

// Every process counts for itself, and Prometheus adds up. Labels are short lists of our own words: no ids, tenants, URLs.

const seconds = {
  request: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  work: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800],
  step: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8],
}

// Gauges with the names of counters, which promtool refuses.
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

const create = () => {
  const register = new Registry()
  const registers = [register]
  collectDefaultMetrics({ register })
  for (const name of misnamed) register.removeSingleMetric(name)
  return { register, registers }
}

const storageBytes = (registers: Registry[]) =>
  new Counter({
    name: 'idem_storage_bytes_total',
    help: 'Bytes that went to and from the artifact store, before they are sealed',
    labelNames: ['direction', 'kind'] as const,
    registers,
  })

/** What the API counts. */
export const createApiMetrics = () => {
  const { register, registers } = create()
  return {
    register,
    requestSeconds: new Histogram({
      name: 'idem_http_request_seconds',
      help: 'Time to answer a request',
      labelNames: ['method', 'route', 'status'] as const,
      buckets: seconds.request,
      registers,
    }),
    storageBytes: storageBytes(registers),
  }
}

/** What a worker counts. */
export const createWorkerMetrics = () => {
  const { register, registers } = create()
  const metrics = {
    register,
    predictions: new Counter({
      name: 'idem_predictions_total',
      help: 'Predictions that have ended, by how; the type of the failure where they failed',
      labelNames: ['model', 'outcome', 'failure'] as const,
      registers,
    }),
    predictionSeconds: new Histogram({
      name: 'idem_prediction_seconds',
      help: 'Time from the start of a prediction to its end',
      labelNames: ['model', 'outcome'] as const,
      buckets: seconds.work,
      registers,
    }),
    workflows: new Counter({
      name: 'idem_workflows_total',
      help: 'Workflows of any type that have ended, by how',
      labelNames: ['workflow', 'outcome', 'failure'] as const,
      registers,
    }),
    queueWaitSeconds: new Histogram({
      name: 'idem_queue_wait_seconds',
      help: 'How long a step has waited for a worker',
      labelNames: ['queue', 'activity'] as const,
      buckets: seconds.work,
      registers,
    }),
    activitySeconds: new Histogram({
      name: 'idem_activity_seconds',
      help: 'Time that an attempt of a step has taken',
      labelNames: ['activity', 'outcome'] as const,
      buckets: seconds.work,
      registers,
    }),
    activityFailures: new Counter({
      name: 'idem_activity_failures_total',
      help: 'Attempts of steps that have failed, by the type of the failure',
      labelNames: ['activity', 'failure'] as const,
      registers,
    }),
    readySeconds: new Gauge({
      name: 'idem_worker_ready_seconds',
      help: 'Time from the start of this process until it took work',
      registers,
    }),
    loadSeconds: new Histogram({
      name: 'idem_network_load_seconds',
      help: 'Time to load the diffusion networks, where a job found them cold',
      buckets: seconds.work,
      registers,
    }),
    stepSeconds: new Histogram({
      name: 'idem_diffusion_step_seconds',
      help: 'Time between two steps of a diffusion, with other jobs in the batch',
      buckets: seconds.step,
      registers,
    }),
    batchRows: new Histogram({
      name: 'idem_batch_rows',
      help: 'Rows in a call of the UNet; a guided image takes two',
      buckets: [1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64],
      registers,
    }),
    batchFill: new Histogram({
      name: 'idem_batch_fill_ratio',
      help: 'Rows in a call of the UNet, as a share of those that could have been',
      buckets: [0.1, 0.25, 0.5, 0.75, 0.9, 1],
      registers,
    }),
    similarity: new Histogram({
      name: 'idem_similarity',
      help: 'Cosine of a generated image to the person, of every attempt',
      buckets: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
      registers,
    }),
    facelessImages: new Counter({
      name: 'idem_images_without_face_total',
      help: 'Generated images in which no face was found',
      registers,
    }),
    webhookAttempts: new Counter({
      name: 'idem_webhook_attempts_total',
      help: 'Requests to webhooks: delivered, or the type of the failure',
      labelNames: ['event', 'outcome'] as const,
      registers,
    }),
    storageBytes: storageBytes(registers),
  }
  // What alerts wait for is there from the start: a counter that appears with its first event has not risen.
  for (const workflow of ['sweepExpired', 'erasePrediction', 'deliverWebhook']) {
    metrics.workflows.inc({ workflow, outcome: 'succeeded', failure: '' }, 0)
    metrics.workflows.inc({ workflow, outcome: 'failed', failure: failures.internal }, 0)
  }
  metrics.workflows.inc({ workflow: 'deliverWebhook', outcome: 'failed', failure: failures.webhookGaveUp }, 0)
  metrics.activityFailures.inc({ activity: 'generateImages', failure: failures.outOfMemory }, 0)
  return metrics
}

export type ApiMetrics = ReturnType<typeof createApiMetrics>
export type WorkerMetrics = ReturnType<typeof createWorkerMetrics>
