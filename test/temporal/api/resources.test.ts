import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import { predictionSchema } from '../../../contracts/prediction.ts'
import { tenantWebhookSecrets } from '../../../contracts/tenant-secret.ts'
import { photo, publicUrl, startApi, type TestApi, webhookSecret } from '../../support/test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi({}, { workers: false })
})
afterAll(() => api.stop())

type Json = Record<string, unknown>
const get = (path: string) => api.json<Json>(api.request(path))

describe('models', () => {
  it('are listed, shown, and have one version with the schemas of its input and output', async () => {
    const { results } = (await get('/v1/models')) as {
      results: { owner: string; name: string; latest_version: { id: string } }[]
    }
    expect(results.map(({ owner, name }) => `${owner}/${name}`)).toEqual(['idem/arc2face', 'idem/face-embedding'])
    expect(new Set(results.map(({ latest_version }) => latest_version.id)).size).toBe(2)
    for (const { name, latest_version } of results) {
      const path = `/v1/models/idem/${name}`
      expect(await get(path)).toMatchObject({ name, latest_version })
      expect(await get(`${path}/versions`)).toMatchObject({ results: [latest_version] })
      const version = await get(`${path}/versions/${latest_version.id}`)
      expect(version).toEqual(latest_version)
      const { Input, Output } = (
        version as never as { openapi_schema: { components: { schemas: Record<string, Json> } } }
      ).openapi_schema.components.schemas
      expect(Input!.properties).toMatchObject({ input_image: { type: 'string', format: 'uri', 'x-order': 0 } })
      expect(Output!.type).toBe('array')
    }
  })

  it.each(['/v1/models/idem/none', '/v1/models/idem/none/versions', '/v1/models/idem/arc2face/versions/none'])(
    'are a 404 where there is none: %s',
    async (path) => {
      expect((await api.request(path)).status).toBe(404)
    },
  )

  it('take predictions by version, by name, and by both', async () => {
    const { latest_version } = (await get('/v1/models/idem/face-embedding')) as { latest_version: { id: string } }
    const { id } = latest_version
    for (const version of [id, 'idem/face-embedding', `idem/face-embedding:${id}`]) {
      const response = await api.post({ version, input: { input_image: photo } }, {}, '/v1/predictions')
      expect(response.status).toBe(201)
      const prediction = await response.json()
      expect(prediction).toMatchObject({ model: 'idem/face-embedding', version: id })
      expect(predictionSchema.parse(prediction)).toBeTruthy()
    }
    for (const body of [{ version: 'b'.repeat(64), input: {} }, { input: {} }, { version: 7, input: {} }]) {
      const response = await api.post(body, {}, '/v1/predictions')
      expect([response.status, await response.json()]).toMatchObject([422, { errors: [{ loc: ['body', 'version'] }] }])
    }
  })
})

describe('files', () => {
  const upload = (parts: Record<string, Blob | string>) => {
    const form = new FormData()
    for (const [name, part] of Object.entries(parts)) {
      if (typeof part === 'string') form.set(name, part)
      else form.set(name, part, 'me.jpg')
    }
    return api.request('/v1/files', { method: 'POST', body: form })
  }
  const content = new Blob(['photo'], { type: 'image/jpeg' })

  it('come back with their metadata, are listed newest first, and go when they are deleted', async () => {
    const metadata = new Blob([JSON.stringify({ person: 7 })], { type: 'application/json' })
    const first = await api.json<Json>(upload({ content, metadata }))
    expect(first).toMatchObject({ name: 'me.jpg', content_type: 'image/jpeg', size: 5, metadata: { person: 7 } })
    expect(Date.parse(String(first.expires_at)) - Date.parse(String(first.created_at))).toBe(3_600_000)
    const second = await api.json<Json>(upload({ content }))
    expect(await get(`/v1/files/${first.id}`)).toEqual(first)
    expect(((await get('/v1/files')) as { results: Json[] }).results.map(({ id }) => id)).toEqual([second.id, first.id])
    const gone = await api.request(`/v1/files/${first.id}`, { method: 'DELETE' })
    expect([gone.status, await gone.text()]).toEqual([204, ''])
    expect((await api.request(`/v1/files/${first.id}`)).status).toBe(404)
    expect((await api.request(`/v1/files/${first.id}`, { method: 'DELETE' })).status).toBe(404)
    expect((await api.post({ input: { input_image: `${publicUrl}/v1/files/${first.id}` } })).status).toBe(422)
    expect(await api.store.head(artifactKeys.upload('local', String(first.id)))).toBeUndefined()
  })

  it.each([
    [{ content: 'text' }, 'content', 'missing'],
    [{ other: content }, 'content', 'missing'],
    [{ content: new Blob([]) }, 'content', 'too_small'],
    [{ content, metadata: '{' }, 'metadata', 'metadata_invalid'],
    [{ content, metadata: '[1]' }, 'metadata', 'metadata_invalid'],
    [{ content, metadata: `{"a":"${'x'.repeat(20_000)}"}` }, 'metadata', 'metadata_invalid'],
  ] as [Record<string, Blob | string>, string, string][])(
    'are refused where they are wrong: %#',
    async (parts, field, type) => {
      const response = await upload(parts)
      expect([response.status, await response.json()]).toMatchObject([
        422,
        { errors: [{ loc: ['body', field], type }] },
      ])
    },
  )

  it('have at most 20 MB', async () => {
    expect((await upload({ content: new Blob([new Uint8Array(20 * 1024 * 1024 + 1)]) })).status).toBe(413)
  })
})

describe('a request', () => {
  it.each([
    [{ webhook: 'ftp://x.example' }, 'webhook'],
    [{ webhook: 'https://x.example', webhook_events_filter: [] }, 'webhook_events_filter'],
    [{ webhook: 'https://x.example', webhook_events_filter: ['end'] }, 'webhook_events_filter'],
    [{ retention: 'forever' }, 'retention'],
    [{ retention: '5s' }, 'retention'],
    [{ keep_photos: 'yes' }, 'keep_photos'],
    [{ unknown: 1 }, undefined],
  ])('is refused where a field is wrong: %j', async (more, field) => {
    const response = await api.post({ input: { input_image: photo }, ...more })
    expect(response.status).toBe(422)
    const { errors } = (await response.json()) as { errors: { loc: string[] }[] }
    if (field) expect(errors[0]!.loc.slice(0, 2)).toEqual(['body', field])
  })

  it.each([[], 'text', null, 7])('is refused where it is no object: %j', async (body) => {
    expect((await api.post(body)).status).toBe(422)
    expect((await api.post(body, {}, '/v1/predictions')).status).toBe(422)
  })

  it('has an idempotency key of visible characters', async () => {
    const response = await api.post({ input: { input_image: photo } }, { 'idempotency-key': 'a b' })
    expect(await response.json()).toMatchObject({ status: 422, errors: [{ loc: ['header', 'idempotency-key'] }] })
  })
})

it('gives account and webhook secret', async () => {
  expect(await get('/v1/account')).toMatchObject({ type: 'organization', username: 'local' })
  const [key] = await tenantWebhookSecrets([webhookSecret], 'local')
  expect(key).not.toBe(webhookSecret)
  expect(await get('/v1/webhooks/default/secret')).toEqual({ key })
})

it('documents every route that it has', async () => {
  const { paths, openapi } = (await get('/openapi.json')) as { openapi: string; paths: Record<string, Json> }
  expect(openapi).toBe('3.1.0')
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
  )
  const routes = api.app.routes.filter(({ method, path }) => method !== 'ALL' && path !== '/openapi.json')
  // The signed URL of a file is opaque; unknown models are caught by a pattern.
  const opaque = ['GET /v1/files/:path{.+}', 'POST /v1/models/:owner/:name/predictions']
  const served = new Set(
    routes.map(({ method, path }) => `${method} ${path}`).filter((route) => !opaque.includes(route)),
  )
  expect(new Set(documented)).toEqual(served)
})
