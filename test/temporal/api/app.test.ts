import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Prediction } from '../../../contracts/prediction.ts'
import { predictionIdFor } from '../../../contracts/prediction-id.ts'
import { createGrpcOrchestrator } from '../../../temporal/grpc-orchestrator.ts'
import { atEdge, bundle, photo, publicUrl, startApi, type TestApi } from '../../support/test-api.ts'
import { predictionOf } from '../temporal/orchestrator-suite.ts'

let app: TestApi

beforeAll(async () => {
  // A real server and no worker: predictions start and wait.
  app = await startApi({}, { workers: false })
})
afterAll(() => app.stop())

const post = (input: unknown, headers: Record<string, string> = {}, path = 'idem/arc2face') =>
  app.request(`/v1/models/${path}/predictions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof input === 'string' ? input : JSON.stringify({ input }),
  })
const problemOf = async (response: Response | Promise<Response>) => {
  const { status, headers } = await response
  const answer = (await (await response).json()) as {
    title: string
    status: number
    detail: string
    errors?: { loc: (string | number)[]; type: string }[]
  }
  expect(headers.get('content-type')).toBe('application/problem+json')
  expect(answer.status).toBe(status)
  return { ...answer, headers }
}

describe('a new prediction', () => {
  it('answers at once with the whole object', async () => {
    const response = await post({ input_image: photo, seed: 5, num_images: 2 })
    expect(response.status).toBe(201)
    const prediction = (await response.json()) as Prediction
    expect(prediction).toMatchObject({
      model: 'idem/arc2face',
      version: bundle.sha256,
      status: 'starting',
      started_at: null,
      completed_at: null,
      output: null,
      error: null,
      logs: '',
      data_removed: false,
      input: { input_image: photo, seed: 5, num_images: 2, num_steps: 25, guidance_scale: 3, scheduler: 'dpmpp_2m' },
    })
    const url = `${publicUrl}/v1/predictions/${prediction.id}`
    expect(prediction.urls).toMatchObject({ get: url, cancel: `${url}/cancel` })
    expect(prediction.urls.stream).toMatch(
      new RegExp(`^${url}/stream\\?expires=\\d+&holder=[\\w%]+&signature=[\\w-]{43}$`),
    )
    const again = await app.request(`/v1/predictions/${prediction.id}`)
    expect(await again.json()).toEqual(prediction)
  })

  it('still says starting when the wait runs out', async () => {
    const response = await post({ input_image: photo }, { prefer: 'wait=1' })
    expect(response.status).toBe(202)
    expect(await response.json()).toMatchObject({ status: 'starting', output: null })
  })

  it('draws a seed where none is given, and where it is asked to', async () => {
    const seedOf = async (input: object) => {
      const prediction = (await (await post({ input_image: photo, ...input })).json()) as Prediction
      return prediction.input.seed
    }
    expect(await seedOf({})).not.toBe(await seedOf({}))
    expect(await seedOf({ seed: 7, randomize_seed: true })).not.toBe(7)
  })

  it.each([
    [{}, 'input_image', 'missing'],
    [{ input_image: photo, input_images: [photo] }, 'input_image', 'conflict'],
    [{ input_image: 'ftp://example.com/x' }, 'input_image', 'url_invalid'],
    [{ input_image: 'data:image/png;base64,@@@' }, 'input_image', 'photo_unreadable'],
    [{ input_image: `${publicUrl}/v1/files/nothing` }, 'input_image', 'not_found'],
    [{ input_image: 7 }, 'input_image', 'invalid_type'],
    [{ input_image: photo, num_images: 0 }, 'num_images', 'too_small'],
    [{ input_image: photo, num_images: 1.5 }, 'num_images', 'invalid_type'],
    [{ input_image: photo, num_steps: '25' }, 'num_steps', 'invalid_type'],
    [{ input_image: photo, guidance_scale: 99 }, 'guidance_scale', 'too_big'],
    [{ input_image: photo, seed: -1 }, 'seed', 'too_small'],
    [{ input_image: photo, scheduler: 'magic' }, 'scheduler', 'invalid_value'],
    [{ input_image: photo, scheduler: 'lcm', num_steps: 51 }, 'num_steps', 'settings_invalid'],
    [{ embedding: [1, 2] }, 'embedding', 'embedding_invalid'],
    [{ embedding: [5, 5, 5, 5] }, 'embedding', 'embedding_invalid'],
    [{ embedding: [0, 0, 0, 0] }, 'embedding', 'embedding_invalid'],
  ])('answers 422 to %j and names the field', async (input, field, type) => {
    const { status, errors: found } = await problemOf(post(input))
    expect(status).toBe(422)
    expect(found?.[0]).toMatchObject({ loc: ['body', 'input', field], type })
  })

  it('names a field that it does not know', async () => {
    const { status, detail } = await problemOf(post({ input_image: photo, steps: 3 }))
    expect(status).toBe(422)
    expect(detail).toContain('steps')
  })

  it('answers what is wrong with a request that is none', async () => {
    expect((await problemOf(post('{not json'))).status).toBe(400)
    expect((await problemOf(post({ input_image: photo }, { 'content-type': 'text/plain' }))).status).toBe(415)
    expect((await problemOf(post({ input_image: photo }, {}, 'idem/nothing'))).status).toBe(404)
    expect((await problemOf(post({ input_image: photo }, { 'cancel-after': 'soon' }))).status).toBe(400)
    const huge = JSON.stringify({ input: { input_image: 'x'.repeat(33 * 1024 * 1024) } })
    expect((await problemOf(post(huge, { 'content-length': `${huge.length}` }))).status).toBe(413)
  })
})

describe('an idempotency key', () => {
  it('makes one prediction of a thousand posts at once, and refuses another body', async () => {
    const headers = { 'idempotency-key': `key-${Date.now()}` }
    const responses = await Promise.all(
      Array.from({ length: 1000 }, () => post({ input_image: photo, num_images: 1 }, headers)),
    )
    const predictions = (await Promise.all(responses.map((response) => response.json()))) as Prediction[]
    expect(new Set(predictions.map(({ id }) => id)).size).toBe(1)
    expect(new Set(predictions.map(({ input }) => input.seed)).size).toBe(1)
    expect((await problemOf(post({ input_image: photo, num_images: 2 }, headers))).status).toBe(409)
  })

  it('takes the same body with other spaces and another order of fields', async () => {
    const headers = { 'idempotency-key': `order-${Date.now()}` }
    const idOf = async (body: string) => {
      const response = await post(body, headers)
      expect(response.status).toBe(201)
      return ((await response.json()) as Prediction).id
    }
    const first = await idOf(`{"input":{"input_image":"${photo}","num_images":1}}`)
    expect(await idOf(`{ "input": { "num_images": 1, "input_image": "${photo}" } }`)).toBe(first)
  })

  it('names a prediction that was started by a version with another hash', async () => {
    const key = `earlier-${Date.now()}`
    const body = { input: { num_images: 1, input_image: photo } }
    const { tenant, start, ...rest } = predictionOf()
    if (start.workflow !== 'generateFaces') throw new Error('not generateFaces')
    const predictionId = await predictionIdFor(tenant, key)
    await createGrpcOrchestrator(app.client).start({
      ...rest,
      tenant,
      // Before the canonical form it was the SHA-256 of the body as JSON.stringify writes it.
      requestHash: createHash('sha256')
        .update(JSON.stringify([rest.model, body]))
        .digest('hex'),
      start: { ...start, input: { ...start.input, predictionId } },
    })
    const headers = { 'idempotency-key': key }
    const response = await post(JSON.stringify(body), headers)
    expect(response.status).toBe(201)
    expect(await response.json()).toMatchObject({ id: predictionId })
    expect((await problemOf(post({ ...body.input, num_images: 2 }, headers))).status).toBe(409)
  })
})

describe('an uploaded file', () => {
  it('is taken as the photo, and only by its own URL', async () => {
    const form = new FormData()
    form.set('content', new File([new Uint8Array(100)], 'me.jpg', { type: 'image/jpeg' }))
    const response = await app.request('/v1/files', { method: 'POST', body: form })
    expect(response.status).toBe(201)
    const file = (await response.json()) as { urls: { get: string }; size: number }
    expect(file.size).toBe(100)
    expect((await post({ input_image: file.urls.get })).status).toBe(201)
    expect((await problemOf(post({ input_image: `${file.urls.get}x` }))).status).toBe(422)
    expect((await problemOf(app.request('/v1/files', { method: 'POST', body: 'x' }))).status).toBe(415)
  })
})

// At the edge files are S3's, and so are the URLs that give them.
describe.skipIf(atEdge)('a signed URL', () => {
  it('gives the file, whole or in part, until it is forged', async () => {
    await app.store.put('public/test/output-0.png', new TextEncoder().encode('0123456789'), {
      contentType: 'image/png',
    })
    const { pathname, search } = new URL(
      await app.store.signGet('public/test/output-0.png', { expiresInSeconds: 60, holder: '~local' }),
    )
    const whole = await app.request(pathname + search)
    expect([whole.status, whole.headers.get('content-type'), await whole.text()]).toEqual([
      200,
      'image/png',
      '0123456789',
    ])
    const part = await app.request(pathname + search, { headers: { range: 'bytes=2-4' } })
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 2-4/10', '234'])
    expect((await problemOf(app.request(pathname.replace('output-0', 'output-1') + search))).status).toBe(403)
    expect((await app.request(pathname)).status).toBe(404)
  })
})

describe('what is not there', () => {
  it.each(['/v1/predictions/unknown', `/v1/predictions/${'0'.repeat(26)}`, '/nothing'])(
    'is a 404: %s',
    async (path) => {
      expect((await problemOf(app.request(path))).status).toBe(404)
    },
  )
})

it('answers 503 with Retry-After while Temporal is away', async () => {
  const lost = await startApi({ temporalAway: true })
  const response = await lost.request(`/v1/predictions/${'0'.repeat(26)}`)
  const { status, headers } = await problemOf(response)
  expect([status, headers.get('retry-after')]).toEqual([503, '2'])
  expect(lost.errors[0]?.message).toContain('Temporal did not')
  await lost.stop()
})

it('had no error of its own in all this', () => {
  expect(app.errors).toEqual([])
})
