import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createGuardedFetch } from '../../../activities/shared/guarded-fetch.ts'
import { createApp } from '../../../api/app.ts'
import { models } from '../../../api/models/index.ts'
import { openPageFiles } from '../../../api/page-files.ts'
import type { Prediction } from '../../../contracts/prediction.ts'
import { createGrpcOrchestrator } from '../../../temporal/grpc-orchestrator.ts'
import { echo } from '../../fixtures/echo-model.ts'
import { eventually } from '../../support/eventually.ts'
import { bundle, startApi, type TestApi, urlSigningKeys } from '../../support/test-api.ts'
import { type Receiver, startReceiver } from '../../support/webhook-receiver.ts'

let api: TestApi
let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
  api = await startApi(
    { models: [...models, echo], pageFiles: await openPageFiles() },
    {
      workflowsPath: resolve('test/fixtures/echo-workflows.ts'),
      activities: { whisper: async () => undefined },
      webhookFetch: createGuardedFetch({ allowPrivateNetwork: true }),
    },
  )
})
afterAll(async () => {
  await api?.stop()
  await receiver?.close()
})

const path = '/v1/models/test/echo/predictions'
const post = (body: object, headers = {}) => api.json(api.post(body, headers, path))
const say = (text: string) => post({ input: { text } }, { prefer: 'wait' })
const get = <T = Prediction>(url: string) => api.json<T>(api.request(url))

describe('a model that is only defined and listed', () => {
  it('is among the models, with the schemas of its input and output', async () => {
    const { results } = await get<{ results: { owner: string; name: string }[] }>('/v1/models')
    expect(results.map(({ owner, name }) => `${owner}/${name}`)).toContain('test/echo')
    const model = await get<{ latest_version: { id: string; openapi_schema: unknown } }>('/v1/models/test/echo')
    expect(model).toMatchObject({ description: 'The words of a text.' })
    expect(model.latest_version.id).toMatch(/^[0-9a-f]{64}$/)
    expect(model.latest_version.openapi_schema).toMatchObject({
      components: { schemas: { Input: { properties: { text: { type: 'string' } } }, Output: { type: 'array' } } },
    })
  })

  it('is in the API documents', async () => {
    const { paths } = await get<{ paths: Record<string, unknown> }>('/openapi.json')
    const body = { content: { 'application/json': { schema: { properties: { input: { required: ['text'] } } } } } }
    expect(paths[path]).toMatchObject({
      post: { operationId: 'models.predictions.create.test.echo', requestBody: body },
    })
  })

  it('is in the setup of the page, with its steps', async () => {
    const setup = await get<{ models: object[] }>('/page/setup.json')
    expect(setup.models).toContainEqual({
      name: 'test/echo',
      description: 'The words of a text.',
      steps: ['intakePhoto', 'discardLeftovers'],
    })
  })

  it('makes predictions, with its output, metrics and log lines', async () => {
    const prediction = await say('hello world')
    expect(prediction).toMatchObject({
      model: 'test/echo',
      status: 'succeeded',
      input: { text: 'hello world' },
      output: ['hello', 'world'],
      metrics: { words: 2, total_time: expect.any(Number) },
    })
    // The table of steps does not have `whisper`.
    expect(prediction.logs.split('\n')).toEqual(['Photo taken in', 'whisper', 'Photos and drafts deleted'])
    const { version } = prediction
    const byVersion = await api.json(
      api.post({ version, input: { text: 'hi' } }, { prefer: 'wait' }, '/v1/predictions'),
    )
    expect(byVersion).toMatchObject({ model: 'test/echo', version, output: ['hi'] })
  })

  it('refuses an input that its schema does not accept', async () => {
    const response = await api.post({ input: { text: '' } }, {}, path)
    expect([response.status, await response.json()]).toMatchObject([
      422,
      { errors: [{ loc: ['body', 'input', 'text'] }] },
    ])
  })

  it('has its predictions in lists', async () => {
    const { id } = await say('listed')
    await eventually(async () => {
      const { results } = await get<{ results: Prediction[] }>('/v1/predictions?status=succeeded')
      expect(results.find((one) => one.id === id)).toMatchObject({ model: 'test/echo', output: ['listed'] })
    })
  })

  it('streams its predictions', async () => {
    const { urls } = await post({ input: { text: 'to be streamed' } })
    const { pathname, search } = new URL(urls.stream)
    const text = await (await api.request(pathname + search)).text()
    const events = [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, event, data]) => [event, data])
    const outputs = ['to', 'be', 'streamed'].map((word) => ['output', word])
    expect(events.filter(([event]) => event !== 'logs')).toEqual([...outputs, ['done', '{}']])
    expect(text).toContain('whisper')
  })

  it('has its predictions canceled', async () => {
    const { id } = await post({ input: { text: 'held', hold: true } })
    await eventually(async () => expect((await get(`/v1/predictions/${id}`)).status).toBe('processing'))
    await api.request(`/v1/predictions/${id}/cancel`, { method: 'POST' })
    await eventually(async () => expect((await get(`/v1/predictions/${id}`)).status).toBe('canceled'))
  })

  it('has its predictions erased', async () => {
    const { id } = await say('gone')
    const response = await api.request(`/v1/predictions/${id}`, { method: 'DELETE' })
    expect([response.status, await response.json()]).toMatchObject([200, { id, histories: [id] }])
    expect((await api.request(`/v1/predictions/${id}`)).status).toBe(404)
  })

  it('has no record of images, and says so', async () => {
    const { id } = await say('no images')
    expect((await api.request(`/v1/predictions/${id}/manifest`)).status).toBe(409)
  })

  it('has its predictions delivered to webhooks as the API shows them', async () => {
    const { id } = await post({ input: { text: 'for the hook' }, webhook: receiver.url })
    await eventually(async () => {
      const delivered = receiver.deliveries.map(({ body }) => JSON.parse(body) as Prediction)
      const completed = delivered.find((one) => one.id === id && one.status === 'succeeded')
      const { urls: _, ...shown } = await get(`/v1/predictions/${id}`)
      expect(completed).toMatchObject(shown)
      expect(completed).toMatchObject({ model: 'test/echo', output: ['for', 'the', 'hook'], metrics: { words: 3 } })
    })
  })

  it('is not shown as another model where it is not served', async () => {
    const { id } = await say('elsewhere')
    const errors: Error[] = []
    const other = await createApp({
      orchestrator: createGrpcOrchestrator(api.client),
      store: api.store,
      published: {} as never,
      bundle,
      publicUrl: 'http://idem.test',
      temporalUiUrl: 'http://ui.test',
      urlSigningKeys,
      webhookSecrets: [],
      retentionMs: 1,
      limits: {},
      onError: (error) => errors.push(error),
    })
    const { results } = (await (await other.request('/v1/predictions')).json()) as { results: Prediction[] }
    expect(results.filter(({ model }) => model === 'test/echo')).toEqual([])
    const response = await other.request(`/v1/predictions/${id}`)
    const detail = 'This server does not serve test/echo, the model of this prediction'
    expect([response.status, await response.json()]).toMatchObject([500, { detail }])
    expect(errors.map(({ message }) => message)).toEqual([detail])
  })

  it('had no error of its own in all this', () => {
    expect(api.errors).toEqual([])
  })
})
