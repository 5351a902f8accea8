import { afterAll, beforeAll, expect, it } from 'vitest'
import { createApp } from '../../../api/app.ts'
import { toBase64 } from '../../../lib/base64.ts'
import { parseKeyRing } from '../../../lib/crypto/key-ring.ts'
import { createGrpcOrchestrator } from '../../../temporal/grpc-orchestrator.ts'
import { eventually } from '../../support/eventually.ts'
import { createTestClient } from '../../support/namespace.ts'
import { bundle, photo, startApi, type TestApi, urlSigningKeys } from '../../support/test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi({}, { workers: false })
})
afterAll(() => api?.stop())

it('an API that lacks the key of a prediction says so, and names the key in its log only', async () => {
  const { id } = await eventually(async () => {
    const response = await api.post({ input: { input_image: photo } }, { 'idempotency-key': 'sealed' })
    expect(response.status).toBe(201)
    return api.json(response)
  })
  const other = parseKeyRing(`other:${toBase64(new Uint8Array(32).fill(2))}`)
  const errors: Error[] = []
  const app = await createApp({
    orchestrator: createGrpcOrchestrator(createTestClient(api.connection, api.namespace, other)),
    store: api.store,
    published: {} as never,
    bundle,
    limits: {},
    publicUrl: 'http://idem.test',
    temporalUiUrl: 'http://ui.test',
    urlSigningKeys,
    webhookSecrets: [],
    retentionMs: 1,
    onError: (error) => errors.push(error),
  })
  for (const path of [`/v1/predictions/${id}`, `/v1/predictions/${id}/manifest`]) {
    const response = await app.request(path)
    const body = await response.json()
    expect([response.status, body]).toMatchObject([503, { detail: expect.stringContaining('lacks the key') }])
    expect(JSON.stringify(body)).not.toContain('"a"')
  }
  expect(errors.map(({ message }) => message)).toEqual(Array(2).fill('The key ring has no key "a"'))
})
