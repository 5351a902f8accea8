import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { decodeRequestSchema } from '../../../api/codec-server.ts'
import { createBodySchema, createHeaders } from '../../../api/create-body.ts'
import { models } from '../../../api/models/index.ts'
import { versionedBodySchema } from '../../../api/routes/create.ts'
import { metadataSchema } from '../../../api/routes/files.ts'
import { boundedRecord, boundedString } from '../../../lib/bounded-schema.ts'
import { photo, startApi, type TestApi } from '../../support/test-api.ts'
import { unboundedIn } from '../../support/unbounded-schemas.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi({}, { workers: false })
})
afterAll(() => api.stop())

describe('what a request may hold is bounded, and counted before it is looked at', () => {
  it('in the input of every model', () => {
    expect(Object.fromEntries(models.map(({ name, input }) => [name, unboundedIn(input)]))).toEqual(
      Object.fromEntries(models.map(({ name }) => [name, []])),
    )
  })

  it('in the path, query and headers of every route', () => {
    const routes = api.app.openAPIRegistry.definitions.flatMap((definition) =>
      definition.type === 'route' ? [definition.route] : [],
    )
    expect(routes.length).toBeGreaterThan(15)
    const unbounded = routes.flatMap(({ method, path, request: { params, query, headers } = {} }) =>
      [params, query, headers].flatMap((schema) =>
        schema ? unboundedIn(schema as z.ZodType).map((where) => `${method} ${path} ${where}`) : [],
      ),
    )
    expect(unbounded).toEqual([])
  })

  it('in the bodies that handlers read', () => {
    const schemas = [createBodySchema, versionedBodySchema, createHeaders, metadataSchema, decodeRequestSchema]
    expect(schemas.flatMap((schema) => unboundedIn(schema))).toEqual([])
  })
})

describe('the check of the schemas', () => {
  it.each([
    ['.a: string', z.object({ a: z.string().optional() })],
    ['.a: string', z.object({ a: z.string().min(1).regex(/x/).max(9) })],
    ['.a: string', z.object({ a: z.iso.datetime() })],
    ['.a: array', z.object({ a: z.array(z.number()).nullish() })],
    ['.a[]: string', z.object({ a: z.array(z.string()).max(9) })],
    ['.a: record', z.object({ a: z.record(boundedString(9), z.unknown()) })],
    ['.a{}: string', z.object({ a: boundedRecord(z.string(), { max: 9 }).default({}) })],
    ['.a: string', z.object({ a: z.union([z.number(), z.string().transform(Number)]) })],
    ['.*: string', z.object({}).catchall(z.string())],
  ])('finds %s', (where, schema) => {
    expect(unboundedIn(schema)).toEqual([where])
  })

  it('finds nothing in what is bounded', () => {
    const schema = z.strictObject({
      a: boundedString(9).regex(/x/).optional(),
      b: z.array(boundedString(9)).min(1).max(3).optional(),
      c: boundedRecord(z.unknown(), { max: 3 }),
    })
    expect(unboundedIn(schema)).toEqual([])
    expect(schema.parse({ a: 'x', b: ['y'], c: { d: 1 } })).toEqual({ a: 'x', b: ['y'], c: { d: 1 } })
  })
})

describe('an answer to far too much', () => {
  const many = (length: number, value: unknown) => Array.from({ length }, () => value)

  it.each([
    ['photos', { input_images: many(9_000, 5) }, 'input_images'],
    ['numbers', { embedding: many(9_000, 'x') }, 'embedding'],
    ['unknown fields', Object.fromEntries(many(9_000, 1).map((value, index) => [`field_${index}`, value])), ''],
    ['an id', { identity_of: 'x'.repeat(10_000_000) }, 'identity_of'],
  ])('is one error: %s', async (_, input, field) => {
    const response = await api.post({ input })
    const problem = await api.json<{ errors: { loc: string[]; type: string }[] }>(response)
    expect(response.status).toBe(422)
    expect(problem.errors[0]).toMatchObject({ type: 'too_big', loc: ['body', 'input', field].filter(Boolean) })
    expect(problem.errors.filter(({ type }) => type !== 'missing' && type !== 'conflict')).toHaveLength(1)
  })

  it.each([
    ['numbers in place of photos', () => `{"input": {"input_images": [${'5,'.repeat(1_000_000)}5]}}`],
    ['arrays', () => `{"input": {"input_image": "${photo}"}, "x": [${'[],'.repeat(1_000_000)}[]]}`],
    ['levels', () => `{"input": ${'['.repeat(100_000)}`],
    ['events', () => JSON.stringify({ input: { input_image: photo }, webhook_events_filter: many(9_000, 'x') })],
    ['digits', () => JSON.stringify({ input: { input_image: photo }, retention: '1'.repeat(60_000) })],
  ])('is short: too many %s', async (_, body) => {
    const response = await api.request('/v1/models/idem/arc2face/predictions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: body(),
    })
    expect(response.status).toBe(422)
    expect((await response.text()).length).toBeLessThan(1000)
  })

  it('is a 404 for a path that names nothing', async () => {
    for (const path of [`/v1/predictions/${'x'.repeat(5000)}`, `/v1/models/idem/${'x'.repeat(5000)}`]) {
      expect((await api.request(path)).status).toBe(404)
    }
  })
})

describe('a list', () => {
  it.each([
    ['created_before=9999-12-31T23:59:59-23:59', 200],
    ['created_after=0000-01-01T00:00:00%2B23:59', 200],
    ['created_after=9999-12-31T23:59:59-23:59', 200],
    ['cursor=newer-9999999999999999999-00000000000000000000000000', 200],
    ['cursor=older-0000000000000000000-00000000000000000000000000', 200],
  ])('takes any time: %s', async (query, status) => {
    expect((await api.request(`/v1/predictions?${query}`)).status).toBe(status)
    expect(api.errors).toEqual([])
  })

  it.each(['cursor', 'limit', 'status', 'created_before'])('refuses a long text: %s', async (name) => {
    const response = await api.request(`/v1/predictions?${name}=${'1'.repeat(10_000)}`)
    expect(response.status).toBe(422)
    expect((await response.text()).length).toBeLessThan(1000)
  })
})
