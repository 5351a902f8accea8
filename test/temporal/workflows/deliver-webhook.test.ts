import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { Client, type WorkflowFailedError, type WorkflowHandle } from '@temporalio/client'
import type { ApplicationFailure } from '@temporalio/common'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { Webhook as Verifier } from 'standardwebhooks'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { createSendWebhook, type LoadPrediction } from '../../../activities/send-webhook.ts'
import { translateFailures } from '../../../activities/shared/failure.ts'
import { createGuardedFetch } from '../../../activities/shared/guarded-fetch.ts'
import { type DevServer, startDevServer } from '../../../cli/stack/dev-server.ts'
import type { Prediction } from '../../../contracts/prediction.ts'
import { outboundQueue, queues, webhookQueue } from '../../../contracts/queues.ts'
import { tenantWebhookSecrets } from '../../../contracts/tenant-secret.ts'
import {
  type DeliverWebhookInput,
  type DeliverWebhookResult,
  type WebhookEvent,
  webhookEvents,
  webhookWorkflowId,
} from '../../../contracts/webhooks.ts'
import type { deliverWebhook } from '../../../workflows/deliver-webhook.ts'
import { finish, type TestJobInput, type testJob } from '../../fixtures/webhook-workflows.ts'
import { examplePrediction } from '../../support/example-prediction.ts'
import { type Delivery, type Receiver, startReceiver } from '../../support/webhook-receiver.ts'

const secret = `whsec_${randomBytes(32).toString('base64')}`
const timing = { gapsMs: [20, 40, 60], throttleMs: 500, checkMs: 600_000 }

let server: DevServer
let connection: NativeConnection
let client: Client
let stopWorkers: () => Promise<void>

/** What the API would say: read from Temporal, as in earnest. */
const loadPrediction: LoadPrediction = async (id) => {
  const { status } = await client.workflow.getHandle(id).describe()
  const states = { RUNNING: 'processing', COMPLETED: 'succeeded', CANCELLED: 'canceled' } as const
  const known = states[status.name as keyof typeof states] ?? 'failed'
  const prediction = examplePrediction({
    id,
    status: known,
    completed_at: known === 'processing' ? null : '2026-01-01T00:00:09.000Z',
  })
  return { prediction, tenant: 'local' }
}

beforeAll(async () => {
  // Failures are what most of these tests are about.
  Runtime.install({ logger: new DefaultLogger('ERROR') })
  // A server of its own: the activities' queues have fixed names.
  server = await startDevServer({ cli: inject('temporalCli') })
  connection = await NativeConnection.connect({ address: server.address })
  client = new Client({ connection })
  const fetch = createGuardedFetch({ allowPrivateNetwork: true, headersTimeoutMs: 60_000, totalTimeoutMs: 60_000 })
  const workflowsPath = fileURLToPath(new URL('../../fixtures/webhook-workflows.ts', import.meta.url))
  const workers = await Promise.all([
    ...[queues.control, webhookQueue].map((taskQueue) => Worker.create({ connection, taskQueue, workflowsPath })),
    ...[queues.cpu, outboundQueue].map((taskQueue) =>
      Worker.create({
        connection,
        taskQueue,
        activities: translateFailures(createSendWebhook({ fetch, secrets: [secret], loadPrediction })),
      }),
    ),
  ])
  const running = Promise.all(workers.map((worker) => worker.run()))
  stopWorkers = async () => {
    for (const worker of workers) worker.shutdown()
    await running
  }
})
afterAll(async () => {
  await stopWorkers?.()
  await connection?.close()
  await server?.stop()
})

let receiver: Receiver
let count = 0
beforeEach(async () => {
  receiver = await startReceiver()
  count++
})
afterEach(() => receiver.close())

const startJob = async (changes: Partial<TestJobInput> & { events?: WebhookEvent[] } = {}) => {
  const { events = [...webhookEvents], ...rest } = changes
  const predictionId = `job${count}`
  const input: TestJobInput = {
    predictionId,
    webhook: { url: receiver.url, events },
    notices: 1,
    burst: 1,
    everyMs: 100,
    end: 'succeed',
    ...rest,
  }
  const job = await client.workflow.start<typeof testJob>('testJob', {
    workflowId: predictionId,
    taskQueue: queues.control,
    args: [input],
  })
  return {
    predictionId,
    job,
    delivery: client.workflow.getHandle<typeof deliverWebhook>(webhookWorkflowId(predictionId)),
  }
}

/** Delivers the end of a job that has ended already, on a quick schedule. */
const deliver = async (changes: Partial<DeliverWebhookInput> = {}) => {
  const { predictionId, job } = await startJob({ webhook: { url: receiver.url, events: [] }, notices: 0 })
  await job.result()
  await client.workflow.getHandle(webhookWorkflowId(predictionId)).result()
  const input: DeliverWebhookInput = {
    predictionId,
    url: receiver.url,
    events: ['completed'],
    pending: [['completed', 1]],
    timing,
    ...changes,
  }
  return client.workflow.start<typeof deliverWebhook>('deliverWebhook', {
    workflowId: webhookWorkflowId(predictionId),
    taskQueue: webhookQueue,
    args: [input],
  })
}

const failureOf = async (handle: WorkflowHandle): Promise<ApplicationFailure> =>
  handle.result().then(
    () => expect.fail('the workflow did not fail'),
    (error: WorkflowFailedError) => error.cause as ApplicationFailure,
  )

const historyOf = async (handle: WorkflowHandle) => (await handle.fetchHistory()).events ?? []

const eventOf = ({ headers }: Delivery) => String(headers['webhook-id']).split('-').at(-2)
const statusOf = ({ body }: Delivery) => (JSON.parse(body) as Prediction).status

describe('a job with a webhook', () => {
  it('tells of start, output, logs and completed, in this order, in messages that verify', async () => {
    const { delivery, job } = await startJob({ untilFinish: true })
    await expect.poll(() => receiver.deliveries.length).toBe(3)
    await job.signal(finish)
    await job.result()
    const { attempts } = await delivery.result()
    expect(receiver.deliveries.map(eventOf)).toEqual(['start', 'output', 'logs', 'completed'])
    expect(receiver.deliveries.map(statusOf)).toEqual(['processing', 'processing', 'processing', 'succeeded'])
    expect(attempts.map(({ event, status }) => [event, status])).toEqual(webhookEvents.map((event) => [event, 204]))
    const [key = ''] = await tenantWebhookSecrets([secret], 'local')
    for (const { body, headers } of receiver.deliveries) {
      expect(new Verifier(key).verify(body, headers as Record<string, string>)).toMatchObject({ id: job.workflowId })
    }
  })

  it('sends what the filter asks for and nothing else', async () => {
    const { delivery, job } = await startJob({ events: ['logs'] })
    await job.result()
    expect((await delivery.result()).attempts).toHaveLength(1)
    expect(receiver.deliveries.map(eventOf)).toEqual(['logs'])
  })

  it('sends output and logs at most every 500 ms, however often there is news', async () => {
    const { delivery, job } = await startJob({ notices: 1_000, burst: 5, untilFinish: true })
    const seen = () => receiver.deliveries.map(eventOf)
    await expect.poll(() => seen().filter((event) => event === 'output').length).toBeGreaterThan(1)
    await expect.poll(() => seen().filter((event) => event === 'logs').length).toBeGreaterThan(1)
    await job.signal(finish)
    await job.result()
    const { attempts } = await delivery.result()
    expect(receiver.deliveries.map(eventOf)).toEqual(attempts.map(({ event }) => event))
    expect(attempts.at(-1)?.event).toBe('completed')
    for (const event of ['output', 'logs']) {
      // By the workflow's clock.
      const at = attempts.filter((attempt) => attempt.event === event).map((attempt) => Date.parse(attempt.at))
      expect(at.length).toBeGreaterThan(1)
      for (let k = 1; k < at.length; k++) expect(at[k]! - at[k - 1]!).toBeGreaterThanOrEqual(500)
    }
  })

  it.each([
    ['fails', 'failed'],
    ['is canceled', 'canceled'],
  ])('sends completed last when the job %s', async (how, status) => {
    const { delivery, job } = await startJob({ end: how === 'fails' ? 'fail' : 'hang' })
    if (how === 'is canceled') {
      await expect.poll(() => receiver.deliveries.length).toBeGreaterThan(0)
      await job.cancel()
    }
    await job.result().catch(() => undefined)
    await delivery.result()
    expect(receiver.deliveries.map(eventOf).at(-1)).toBe('completed')
    expect(receiver.deliveries.map(statusOf).filter((s) => s !== 'processing')).toEqual([status])
  })

  it('is not held up by a receiver that is dead, and sends completed at once when it ends', async () => {
    receiver.answer = (delivery, response) =>
      void response.writeHead(eventOf(delivery) === 'completed' ? 200 : 503).end()
    const { delivery, job } = await startJob({ notices: 3, everyMs: 50 })
    expect(await job.result()).toBe('done')
    const { attempts } = await delivery.result()
    // After the first refusal nothing but the end is worth an attempt.
    expect(attempts.map(({ event, status }) => [event, status])).toEqual([
      ['start', 503],
      ['completed', 200],
    ])
  })

  it('goes on when the receiver has said 410, which ends the delivery', async () => {
    receiver.answer = (_, response) => void response.writeHead(410).end()
    const { delivery, job } = await startJob({ notices: 2 })
    expect(await job.result()).toBe('done')
    expect(await failureOf(delivery)).toMatchObject({ type: 'webhook_gone', nonRetryable: true })
    expect(receiver.deliveries).toHaveLength(1)
  })
})

describe('deliverWebhook', () => {
  it('tries again on a schedule, under the same id, until the receiver takes it', async () => {
    let left = 2
    receiver.answer = (_, response) => void response.writeHead(left-- > 0 ? 500 : 200).end()
    const handle = await deliver()
    const { attempts } = (await handle.result()) as DeliverWebhookResult
    expect(attempts.map(({ status, error }) => [status, error])).toEqual([
      [500, 'webhook_rejected'],
      [500, 'webhook_rejected'],
      [200, undefined],
    ])
    expect(new Set(receiver.deliveries.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  })

  it('shows every attempt and every wait in its history', async () => {
    receiver.answer = (_, response) => void response.writeHead(503).end()
    const handle = await deliver()
    await handle.result().catch(() => undefined)
    const summaries = (await historyOf(handle)).flatMap(
      ({ userMetadata }) => userMetadata?.summary?.data?.toString() ?? [],
    )
    const attempt = (nth: number) => `"completed · attempt ${nth}"`
    const wait = (nth: number) => `"completed · attempt ${nth} · 503"`
    expect(summaries).toEqual([attempt(1), wait(1), attempt(2), wait(2), attempt(3), wait(3), attempt(4)])
  })

  it('gives up at the end of the schedule, and can be started again', async () => {
    receiver.answer = (_, response) => void response.writeHead(302, { location: '/elsewhere' }).end()
    const handle = await deliver()
    const failure = await failureOf(handle)
    expect(failure).toMatchObject({ type: 'webhook_gave_up', nonRetryable: true })
    const { attempts } = failure.details![0] as DeliverWebhookResult
    expect(attempts.map(({ status }) => status)).toEqual([302, 302, 302, 302])
    expect(receiver.deliveries.map(({ path }) => path)).toEqual(Array(4).fill('/hook'))

    receiver.answer = (_, response) => void response.writeHead(200).end()
    const again = await client.workflow.start<typeof deliverWebhook>('deliverWebhook', {
      workflowId: handle.workflowId,
      taskQueue: webhookQueue,
      args: [
        { predictionId: `job${count}`, url: receiver.url, events: ['completed'], pending: [['completed', 1]], timing },
      ],
    })
    expect((await again.result()).attempts).toHaveLength(1)
    expect(new Set(receiver.deliveries.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  })

  it('waits as long as Retry-After asks', async () => {
    let left = 1
    receiver.answer = (_, response) => void response.writeHead(left-- > 0 ? 429 : 200, { 'retry-after': '2' }).end()
    const handle = await deliver()
    await handle.result()
    const [timer] = (await historyOf(handle)).flatMap(
      ({ timerStartedEventAttributes }) => timerStartedEventAttributes ?? [],
    )
    expect(Number(timer?.startToFireTimeout?.seconds)).toBe(2)
  })

  it('fails at once for an address that must not be reached', async () => {
    const handle = await deliver({ url: 'http://169.254.169.254/' })
    expect(await failureOf(handle)).toMatchObject({ type: 'address_refused' })
  })

  it('notices that a prediction was terminated, and sends completed', async () => {
    const { predictionId, job } = await startJob({
      webhook: { url: receiver.url, events: [] },
      notices: 0,
      end: 'hang',
    })
    const delivery = client.workflow.getHandle(webhookWorkflowId(predictionId))
    await expect.poll(() => delivery.describe().catch(() => undefined)).toBeDefined()
    await delivery.terminate()
    await job.terminate()
    const handle = await client.workflow.start<typeof deliverWebhook>('deliverWebhook', {
      workflowId: delivery.workflowId,
      taskQueue: webhookQueue,
      args: [{ predictionId, url: receiver.url, events: ['completed'], timing: { ...timing, checkMs: 50 } }],
    })
    await handle.result()
    expect(receiver.deliveries.map(statusOf)).toEqual(['failed'])
  })
})
