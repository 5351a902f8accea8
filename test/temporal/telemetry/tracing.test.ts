import { readFile } from 'node:fs/promises'
import { Connection } from '@temporalio/client'
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApiClient } from '../../../cli/client/api-client.ts'
import { follow } from '../../../cli/client/follow.ts'
import type { Prediction } from '../../../contracts/prediction.ts'
import { webhookWorkflowId } from '../../../contracts/webhooks.ts'
import { readStorageConfig } from '../../../storage/config.ts'
import { observeWorkers } from '../../../telemetry/observe-workers.ts'
import { createDataConverter } from '../../../temporal/data-converter.ts'
import { sealWorkers } from '../../../temporal/seal-workers.ts'
import { eventually } from '../../support/eventually.ts'
import { type CollectedSpan, type Collector, startCollector } from '../../support/otlp-collector.ts'
import { startTestStack, type TestStack } from '../../support/test-stack.ts'
import { type Receiver, startReceiver } from '../../support/webhook-receiver.ts'
import { fetchHistory, workflowsPath } from '../../support/workflow-history.ts'

const path = '/v1/models/idem/arc2face/predictions'
const error = 2
let collector: Collector
let receiver: Receiver
let stack: TestStack

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') })
  collector = await startCollector()
  receiver = await startReceiver()
  const portrait = await readFile('samples/male_26.jpg')
  receiver.answer = ({ path }, response) => {
    if (path.startsWith('/photo')) response.writeHead(200, { 'content-type': 'image/jpeg' }).end(portrait)
    else response.writeHead(path.startsWith('/missing') ? 404 : 204).end()
  }
  stack = await startTestStack({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, IDEM_LOG_LEVEL: 'info' } })
})
afterAll(async () => {
  await stack?.stop()
  await receiver?.close()
  await collector?.close()
})

const post = async (body: unknown, headers: Record<string, string> = {}) => {
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } }
  return fetch(`${stack.apiUrl}${path}`, { ...init, body: JSON.stringify(body) })
}
const at = (place: string) => new URL(place, receiver.url).href
const predict = async (photo: string, webhook: string) => {
  const input = { input_image: at(photo), num_images: 1, num_steps: 2 }
  const response = await post({ input, webhook: at(webhook), webhook_events_filter: ['completed'] })
  expect(response.status).toBe(201)
  const prediction = (await response.json()) as Prediction
  return follow(createApiClient(stack.apiUrl), prediction, () => undefined)
}

/** Spans of a trace, once there is one of each name. */
const traceWith = (id: string, ...names: string[]) =>
  eventually(() => {
    const start = collector.spans.find(({ attributes }) => attributes.workflow_id === id)
    const spans = collector.spans.filter(({ traceId }) => traceId === start?.traceId)
    expect(spans.map(({ name }) => name)).toEqual(expect.arrayContaining(names))
    return spans
  })
const named = (spans: CollectedSpan[], name: string) => {
  const found = spans.find((span) => span.name === name)
  if (!found) throw new Error(`No span ${name} among ${spans.map((span) => span.name).join(', ')}`)
  return found
}
/** Names from a span up to the root. */
const wayUp = (spans: CollectedSpan[], from: CollectedSpan): string[] => {
  const parent = spans.find(({ spanId }) => spanId === from.parentSpanId)
  return [
    `${from.service} ${from.name}`,
    ...(parent ? wayUp(spans, parent) : [`parent: ${from.parentSpanId ?? 'none'}`]),
  ]
}

describe('a trace', () => {
  let prediction: Prediction
  let spans: CollectedSpan[]
  const steps = [
    'discardLeftovers',
    'embedFace',
    'findFace',
    'generateImages',
    'intakePhoto',
    'publishImages',
    'sendWebhook',
    'verifyImages',
  ].map((name) => `RunActivity:${name}`)

  it('goes from the request through workflow and steps to the webhook', async () => {
    prediction = await predict('/photo/of-a-person.jpg?token=photo-secret', '/hook/hook-secret')
    expect(prediction).toMatchObject({ status: 'succeeded', error: null })
    // Each process sends what it has, when it likes.
    spans = await traceWith(
      prediction.id,
      `POST ${path}`,
      'StartWorkflow:generateFaces',
      'RunWorkflow:generateFaces',
      ...steps,
      'RunWorkflow:deliverWebhook',
      'POST webhook',
    )
    expect(wayUp(spans, named(spans, 'POST webhook'))).toEqual([
      'idem-worker POST webhook',
      'idem-worker RunActivity:sendWebhook',
      'idem-worker RunWorkflow:deliverWebhook',
      'idem-worker RunWorkflow:generateFaces',
      'idem-api StartWorkflow:generateFaces',
      `idem-api POST ${path}`,
      'parent: none',
    ])
    expect(wayUp(spans, named(spans, 'RunActivity:generateImages')).slice(0, 2)).toEqual([
      'idem-worker RunActivity:generateImages',
      'idem-worker RunWorkflow:generateFaces',
    ])
    const seen = spans.map(({ name }) => name).filter((name) => name.startsWith('RunActivity:'))
    expect(seen.toSorted()).toEqual(steps)
    expect(spans.filter(({ status }) => status.code === error)).toEqual([])
  })

  it('has spans that last as long as what they are of, each with an id of its own', () => {
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length)
    const times = ({ startTimeUnixNano, endTimeUnixNano }: CollectedSpan) =>
      [startTimeUnixNano, endTimeUnixNano].map((nanos) => Number(BigInt(nanos) / 1_000_000n)) as [number, number]
    const [start, end] = times(named(spans, 'RunWorkflow:generateFaces'))
    const [stepStart, stepEnd] = times(named(spans, 'RunActivity:generateImages'))
    // The server and this process share a clock.
    expect(start).toBeLessThanOrEqual(stepStart)
    expect(stepStart).toBeLessThan(stepEnd)
    expect(stepEnd).toBeLessThanOrEqual(end)
    const { attributes } = named(spans, 'RunActivity:generateImages')
    expect(attributes).toMatchObject({ workflow_id: prediction.id, task_queue: 'gpu' })
    expect(Number(attributes.attempt)).toBe(1)
    expect(Number(attributes.queue_wait_seconds)).toBeGreaterThanOrEqual(0)
  })

  it('is carried to the receiver of the webhook, and not to the host of the photo', () => {
    const { traceId, spanId } = named(spans, 'POST webhook')
    const delivery = receiver.deliveries.find((one) => one.path === '/hook/hook-secret')
    expect(delivery?.headers.traceparent).toBe(`00-${traceId}-${spanId}-01`)
    const photo = receiver.deliveries.find((one) => one.path.startsWith('/photo'))
    expect(photo).toBeDefined()
    expect(photo?.headers.traceparent).toBeUndefined()
  })

  it('tells of a failure by its type, with nothing of addresses and messages', async () => {
    const failed = await predict('/missing/of-a-person.jpg?token=photo-secret', '/hook/hook-secret')
    expect(failed).toMatchObject({ status: 'failed', metrics: { failure: { type: 'photo_unreachable' } } })
    const found = await traceWith(failed.id, 'RunWorkflow:generateFaces', 'RunActivity:intakePhoto', 'POST webhook')
    for (const name of ['RunWorkflow:generateFaces', 'RunActivity:intakePhoto']) {
      const span = named(found, name)
      expect(span).toMatchObject({ status: { code: error }, attributes: { 'error.type': 'photo_unreachable' } })
      expect(span.status.message ?? '').toBe('')
      expect(span.events).toEqual([])
    }
    const sent = collector.bodies.join('\n')
    expect(sent).toContain(failed.id)
    for (const secret of ['photo-secret', 'hook-secret', 'of-a-person', receiver.url, failed.error!, 'whsec_']) {
      expect(sent).not.toContain(secret)
    }
    const { traceId } = named(found, 'RunActivity:intakePhoto')
    // What the step logs, in the worker, names the trace.
    await eventually(() => {
      const log = stack.lines.filter((line) => line.includes('worker:') && line.includes(failed.id))
      expect(log.filter((line) => line.includes(`"trace_id":"${traceId}"`)).length).toBeGreaterThan(0)
    })
  })

  it('goes on where the caller began it, and is named in problems and logs', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c'
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`
    const response = await post({ input: { num_images: 'many' } }, { traceparent })
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ status: 422, trace_id: traceId })
    await eventually(() => {
      const [span] = collector.spans.filter((one) => one.traceId === traceId)
      expect(span).toMatchObject({ name: `POST ${path}`, parentSpanId: 'b7ad6b7169203331' })
      expect(Number(span?.attributes['http.response.status_code'])).toBe(422)
    })
    const logged = () => stack.lines.filter((line) => line.startsWith('api:') && line.includes(traceId))
    await eventually(() => expect(logged()).toHaveLength(1))

    const missing = await fetch(`${stack.apiUrl}/nothing?signature=query-secret`)
    const { trace_id } = (await missing.json()) as { trace_id: string }
    expect(trace_id).toMatch(/^[0-9a-f]{32}$/)
    await eventually(() => expect(collector.bodies.join()).toContain(trace_id))
    expect(collector.bodies.join()).not.toContain('query-secret')
  })

  it.each(['on', 'off'])('is kept by predictions that go on with tracing %s', async (state) => {
    const connection = await Connection.connect({ address: stack.temporalAddress })
    const { keyRing } = await readStorageConfig({ ...process.env, IDEM_STATE: stack.stateDir })
    const dataConverter = createDataConverter(keyRing, { namespace: 'default' })
    const seals = sealWorkers('sealed')
    const observed = state === 'on' ? observeWorkers({ tracing: silent }) : undefined
    const interceptors = {
      workflowModules: [...seals.workflowModules, ...(observed?.interceptors.workflowModules ?? [])],
    }
    for (const id of [prediction.id, webhookWorkflowId(prediction.id)]) {
      const history = await fetchHistory(connection, id)
      await Worker.runReplayHistory(
        { workflowsPath, dataConverter, interceptors, ...(observed && { sinks: observed.sinks }) },
        history,
        id,
      )
    }
    await connection.close()
  })
})

const silent = {
  span: () => Promise.reject(new Error('A replay has no spans')),
  record: () => {
    throw new Error('A replay has no spans')
  },
  active: () => undefined,
  close: async () => undefined,
}
