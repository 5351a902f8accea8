import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import type { temporal } from '@temporalio/proto'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { makeToken, type TokenRecord } from '../../../api/token-records.ts'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import type { Prediction } from '../../../contracts/prediction.ts'
import { newPredictionId } from '../../../contracts/prediction-id.ts'
import { outboundQueue } from '../../../contracts/queues.ts'
import { listAll } from '../../../storage/store.ts'
import { ensureSweepSchedule } from '../../../temporal/sweep-schedule.ts'
import { eventually } from '../../support/eventually.ts'
import { runWorker } from '../../support/namespace.ts'
import { keyRing, photo, startApi, type TestApi } from '../../support/test-api.ts'

// Somebody reaches Temporal, over gRPC or HTTP, and has no key. They know ids, read histories with their ciphertexts, and
// start, signal and restart workflows, with plain payloads and with stolen ones. `evil` is a tenant of theirs.

type Payload = temporal.api.common.v1.IPayload
type Payloads = Record<string, Payload>

let api: TestApi
let victim: Prediction
let own: Prediction
const tokens: Record<string, string> = {}
/** Ids of predictions whose images were diffused. */
const diffused: string[] = []
const as = (tenant: string) => ({ authorization: `Bearer ${tokens[tenant]}` })
const body = { input: { input_image: photo, num_images: 1 } }
/** What was in the histories before anything was forged. */
let stolen: { victim: Stolen; own: Stolen }

beforeAll(async () => {
  const records: TokenRecord[] = []
  for (const tenant of ['acme', 'evil']) {
    const { token, record } = await makeToken(tenant)
    tokens[tenant] = token
    records.push(record)
  }
  const generate = async ({ predictionId }: { predictionId: string }) => void diffused.push(predictionId)
  api = await startApi({ tokens: records }, { generate })
  victim = await api.json(api.post(body, { ...as('acme'), prefer: 'wait' }))
  own = await api.json(api.post(body, { ...as('evil'), prefer: 'wait' }))
  stolen = { victim: await steal(victim.id), own: await steal(own.id) }
})
afterAll(() => api.stop())

const plain = (value: unknown): Payload => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(JSON.stringify(value)),
})
const keyword = (value: string): Payload => ({
  metadata: { encoding: Buffer.from('json/plain'), type: Buffer.from('Keyword') },
  data: Buffer.from(JSON.stringify(value)),
})

type Stolen = Awaited<ReturnType<typeof steal>>

/** The ciphertexts of a workflow, as the server gives them to whoever asks. */
const steal = async (workflowId: string) => {
  const service = api.connection.workflowService
  const execution = { workflowId }
  const { history } = await service.getWorkflowExecutionHistory({ namespace: api.namespace, execution })
  const { workflowExecutionInfo } = await service.describeWorkflowExecution({ namespace: api.namespace, execution })
  const events = history?.events ?? []
  const result = events.at(-1)?.workflowExecutionCompletedEventAttributes?.result?.payloads?.[0]
  return {
    input: events[0]!.workflowExecutionStartedEventAttributes!.input!.payloads![0]!,
    memo: workflowExecutionInfo!.memo!.fields as Payloads,
    result: result!,
    /** Arguments and answer of the first step. */
    step: events.flatMap((event) => event.activityTaskScheduledEventAttributes?.input?.payloads ?? [])[0]!,
    answer: events.flatMap((event) => event.activityTaskCompletedEventAttributes?.result?.payloads ?? [])[0]!,
  }
}

const start = (
  workflowType: string,
  workflowId: string,
  input: Payload,
  { memo = {}, attributes = {}, queue = 'control' }: { memo?: Payloads; attributes?: Payloads; queue?: string } = {},
) =>
  api.connection.workflowService.startWorkflowExecution({
    namespace: api.namespace,
    workflowId,
    workflowType: { name: workflowType },
    taskQueue: { name: queue },
    input: { payloads: [input] },
    memo: { fields: memo },
    searchAttributes: { indexedFields: attributes },
    requestId: randomUUID(),
    workflowIdReusePolicy: 1,
  })

const evilAttributes = {
  IdemTenant: keyword('evil'),
  IdemModel: keyword('idem/arc2face'),
  IdemStatus: keyword('starting'),
}
const get = (path: string, tenant: string) => api.request(path, { headers: as(tenant) })
const terminate = (id: string) => api.client.workflow.getHandle(id).terminate()

/** Until a worker has looked at a workflow: refused it for good, or failed to read it. */
const untilRefused = async (workflowId: string) => {
  await eventually(async () => {
    const execution = { workflowId }
    const { history } = await api.connection.workflowService.getWorkflowExecutionHistory({
      namespace: api.namespace,
      execution,
    })
    const refused = history?.events?.some(
      ({ workflowTaskFailedEventAttributes, workflowExecutionFailedEventAttributes }) =>
        workflowTaskFailedEventAttributes ?? workflowExecutionFailedEventAttributes,
    )
    expect(refused).toBe(true)
  })
}

const stolenInput = (id: string) => ({
  predictionId: id,
  tenant: 'evil',
  retentionMs: 60_000,
  keepPhotos: true,
  photos: [],
  identityKey: artifactKeys.identity(victim.id),
  faceSelection: 'largest',
  minFaceSizePx: 0,
  seeds: [1],
  settings: { num_steps: 2, guidance_scale: 3, scheduler: 'dpmpp_2m', generator: 'cpu' },
  maxAttempts: 1,
  echo: {},
})
const plainMemo = {
  tenant: plain('evil'),
  model: plain('idem/arc2face'),
  version: plain('v'),
  requestHash: plain('h'),
}
const sealedAs = (purpose: string, value: unknown) => plain({ sealedFor: purpose, tenant: 'evil', value })

/** Nothing was made of the victim's face, and nobody sees anything of it. */
const expectNothing = async (id: string) => {
  await untilRefused(id)
  expect(diffused.filter((one) => one === id)).toEqual(id === own.id ? [own.id] : [])
  expect((await get(`/v1/predictions/${id}`, 'evil')).status).toBe(404)
  await terminate(id).catch(() => undefined)
}

it('made what is to be stolen', () => {
  expect([victim.status, own.status]).toEqual(['succeeded', 'succeeded'])
})

describe('a workflow with payloads in the clear', () => {
  it.each([
    ['as an earlier release wrote them', (id: string) => [plain(stolenInput(id)), plainMemo] as const],
    [
      'as this one seals them',
      (id: string) =>
        [
          sealedAs('input of generateFaces', stolenInput(id)),
          { idem: sealedAs('memo of generateFaces', { model: 'idem/arc2face', version: 'v', requestHash: 'h' }) },
        ] as const,
    ],
  ])('makes no images of another tenant’s person: %s', async (_, forge) => {
    const id = newPredictionId()
    const [input, memo] = forge(id)
    await start('generateFaces', id, input, { memo, attributes: evilAttributes })
    await expectNothing(id)
  })

  it('does not say that they are encrypted', async () => {
    const id = newPredictionId()
    const { input } = stolen.victim
    const pretending = { metadata: input.metadata!, data: Buffer.from(JSON.stringify(stolenInput(id))) }
    await start('generateFaces', id, pretending, { memo: plainMemo, attributes: evilAttributes })
    await expectNothing(id)
  })
})

describe('a workflow with stolen payloads', () => {
  it('makes nothing of the victim’s input beside one’s own memo, under a new id or one’s own', async () => {
    const { input } = stolen.victim
    const { memo } = stolen.own
    for (const id of [newPredictionId(), own.id]) {
      await start('generateFaces', id, input, { memo, attributes: evilAttributes })
      await expectNothing(id)
    }
  })

  it('shows the victim’s prediction to nobody else, under its own id with another tenant’s name', async () => {
    const { input, memo } = stolen.victim
    const before = diffused.length
    await start('generateFaces', victim.id, input, { memo, attributes: evilAttributes })
    await untilRefused(victim.id)
    expect(diffused.length).toBe(before)
    await eventually(async () => {
      const { results } = await api.json<{ results: Prediction[] }>(get('/v1/predictions?limit=50', 'evil'))
      expect(results.map(({ id }) => id)).not.toContain(victim.id)
    })
    expect((await get(`/v1/predictions/${victim.id}`, 'evil')).status).toBe(404)
  })

  it.each([
    ['erasePrediction', (id: string) => id],
    ['erasePrediction', (id: string) => `erase-${id}`],
    ['deliverWebhook', (id: string) => `webhook-${id}`],
    ['embedFaces', (id: string) => id],
    ['sweepExpired', (id: string) => id],
  ])('of another type do nothing: %s', async (type, idOf) => {
    const before = await listAll(api.store, artifactKeys.prediction(victim.id))
    expect(before).toContain(artifactKeys.identity(victim.id))
    const { input, memo } = stolen.victim
    const id = idOf(victim.id)
    await start(type, id, input, { memo })
    await untilRefused(id)
    expect(await listAll(api.store, artifactKeys.prediction(victim.id))).toEqual(before)
    await terminate(id).catch(() => undefined)
  })

  it.each(['memo', 'result', 'step'] as const)(
    'take no other part of the same workflow for the input: %s',
    async (part) => {
      const { memo } = stolen.own
      const payload = part === 'memo' ? Object.values(memo)[0]! : stolen.own[part]
      const { id } = own
      await start('generateFaces', id, payload, { memo, attributes: evilAttributes })
      await untilRefused(id)
      expect(diffused.filter((one) => one === id)).toHaveLength(1)
      await terminate(id).catch(() => undefined)
    },
  )
})

/** The server wants to know how long a poll may take. */
const polling = <T>(poll: () => Promise<T>) => api.connection.withDeadline(Date.now() + 20_000, poll)

describe('a workflow that their own worker runs', () => {
  /** Lets a step run with payloads of the victim's workflow: what the history has of it once it has ended. */
  const runStep = async (activityType: string, input: Payload) => {
    const { connection, namespace } = api
    const service = connection.workflowService
    const queue = `rogue-${newPredictionId()}`
    await start('generateFaces', victim.id, stolen.victim.input, { memo: stolen.victim.memo, queue })
    const { taskToken } = await polling(() => service.pollWorkflowTaskQueue({ namespace, taskQueue: { name: queue } }))
    await service.respondWorkflowTaskCompleted({
      namespace,
      taskToken,
      commands: [
        {
          commandType: 1,
          scheduleActivityTaskCommandAttributes: {
            activityId: '1',
            activityType: { name: activityType },
            taskQueue: { name: 'cpu' },
            input: { payloads: [input] },
            startToCloseTimeout: { seconds: 30 as never },
            scheduleToCloseTimeout: { seconds: 30 as never },
          },
        },
      ],
    })
    const execution = { workflowId: victim.id }
    const ended = await eventually(async () => {
      const { history } = await service.getWorkflowExecutionHistory({ namespace, execution })
      const event = history?.events?.find(
        (one) => one.activityTaskFailedEventAttributes ?? one.activityTaskCompletedEventAttributes,
      )
      return event ?? Promise.reject(new Error('not yet'))
    })
    await terminate(victim.id)
    return ended
  }

  it.each([
    ['destroyArtifacts', 'step'],
    ['deleteHistories', 'step'],
    ['discardLeftovers', 'answer'],
  ] as const)('is served no %s with what was sealed for another step', async (type, part) => {
    const before = await listAll(api.store, artifactKeys.prediction(victim.id))
    const ended = await runStep(type, stolen.victim[part])
    const { failure } = ended.activityTaskFailedEventAttributes!
    expect(failure!.applicationFailureInfo).toMatchObject({ type: 'payload_refused', nonRetryable: true })
    expect(await listAll(api.store, artifactKeys.prediction(victim.id))).toEqual(before)
  })

  it('is served the step again that it belongs to: to repeat a job is what Temporal can do', async () => {
    const ended = await runStep('intakePhoto', stolen.victim.step)
    expect(ended.activityTaskCompletedEventAttributes).toBeTruthy()
  })
})

describe('a worker of theirs that takes a step', () => {
  it('cannot answer it, nor tell its progress, with what was sealed as something else', async () => {
    const held = await startApi({}, { workers: false })
    const { namespace, client } = held
    const service = api.connection.workflowService
    const control = await runWorker({
      namespace,
      keyRing,
      taskQueue: 'control',
      workflowsPath: resolve('workflows/index.ts'),
    })
    const { id } = await held.json(held.post(body))
    const { taskToken, input } = await polling(() =>
      service.pollActivityTaskQueue({ namespace, taskQueue: { name: outboundQueue } }),
    )
    await service.recordActivityTaskHeartbeat({ namespace, taskToken, details: input! })
    expect(await held.json(held.request(`/v1/predictions/${id}`))).toMatchObject({ status: 'processing' })
    await service.respondActivityTaskCompleted({ namespace, taskToken, result: input! })
    await eventually(async () => {
      const { events } = await client.workflow.getHandle(id).fetchHistory()
      expect(events?.some((event) => event.workflowTaskFailedEventAttributes)).toBe(true)
    })
    await control.stop()
    await held.stop()
  })
})

describe('the list of a tenant', () => {
  it('neither breaks nor shows what others write under its name', async () => {
    const attributes = { ...evilAttributes, IdemTenant: keyword('acme') }
    const forged = [newPredictionId(), newPredictionId(), newPredictionId()]
    await start('generateFaces', forged[0]!, plain(stolenInput(forged[0]!)), { memo: plainMemo, attributes })
    await start('generateFaces', forged[1]!, plain({}), { attributes })
    const { input, memo } = stolen.own
    await start('embedFaces', forged[2]!, input, { memo, attributes })
    const fresh = await api.json(api.post(body, { ...as('acme'), prefer: 'wait' }))
    await eventually(async () => {
      const response = await get('/v1/predictions?limit=50', 'acme')
      expect(response.status).toBe(200)
      const ids = (await api.json<{ results: Prediction[] }>(response)).results.map(({ id }) => id)
      expect(ids).toContain(fresh.id)
      expect(ids.filter((id) => forged.includes(id))).toEqual([])
    })
    await Promise.all(forged.map((id) => terminate(id).catch(() => undefined)))
  })
})

describe('the sweep', () => {
  const kept = async () => (await listAll(api.store, artifactKeys.prediction(fresh.id))).length
  let fresh: Prediction
  beforeAll(async () => {
    fresh = await api.json(api.post(body, { ...as('acme'), prefer: 'wait' }))
  })

  it('is not started by a page that posts text to Temporal’s HTTP API', async () => {
    const id = `sweep-${newPredictionId()}`
    const url = `${inject('temporalHttpUrl')}/api/v1/namespaces/${api.namespace}/workflows/${id}`
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'text/plain', origin: 'https://evil.example' },
      body: JSON.stringify({
        workflowType: { name: 'sweepExpired' },
        taskQueue: { name: 'control' },
        input: [{ retentionMs: 1, orphansEveryMs: 0 }],
      }),
    })
    expect(response.status).toBe(200)
    await untilRefused(id)
    expect(await kept()).toBeGreaterThan(0)
    await terminate(id)
  })

  it('destroys nothing early for a search attribute that somebody else has set', async () => {
    const { input, memo } = await steal(fresh.id)
    await start('nothing', fresh.id, input, {
      memo,
      attributes: {
        ...evilAttributes,
        IdemExpiresAt: {
          metadata: { encoding: Buffer.from('json/plain'), type: Buffer.from('Datetime') },
          data: Buffer.from(JSON.stringify(new Date(Date.now() - 60_000).toISOString())),
        },
      },
    })
    await terminate(fresh.id)
    await ensureSweepSchedule(api.client, 3_600_000)
    const schedule = api.client.schedule.getHandle('idem-sweep')
    await schedule.trigger()
    await eventually(async () => {
      const [action] = (await schedule.describe()).info.recentActions
      const run = await api.client.workflow.getHandle(action!.action.workflow.workflowId).describe()
      expect(run.status.name).toBe('COMPLETED')
    })
    expect(await kept()).toBeGreaterThan(0)
    await schedule.delete()
  })
})
