import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createGuardedFetch } from '../../../activities/shared/guarded-fetch.ts'
import { makeToken, type TokenRecord } from '../../../api/token-records.ts'
import type { Prediction } from '../../../contracts/prediction.ts'
import { eventually } from '../../support/eventually.ts'
import { createGates } from '../../support/gates.ts'
import { photo, startApi, type TestApi } from '../../support/test-api.ts'
import { type Receiver, startReceiver } from '../../support/webhook-receiver.ts'

const gates = createGates()
let records: TokenRecord[] = []
let api: TestApi
let receiver: Receiver

const issue = async (tenant: string) => {
  const { token, record } = await makeToken(tenant)
  records = [...records, record]
  return {
    headers: { authorization: `Bearer ${token}` },
    id: record.id,
    revoke: () => {
      records = records.filter(({ id }) => id !== record.id)
    },
  }
}
type Issued = Awaited<ReturnType<typeof issue>>

const body = { input: { input_image: photo, num_images: 1 } }
const create = (by: Issued, headers: Record<string, string> = {}) =>
  api.json<Prediction>(api.post(body, { ...by.headers, ...headers }))
const read = (id: string, by: Issued) => api.json<Prediction>(api.request(`/v1/predictions/${id}`, by))
const open = async (url: string) => {
  const { pathname, search } = new URL(url)
  const response = await api.request(pathname + search)
  await response.body?.cancel()
  return response.status
}
const outputOf = ({ output }: Prediction) => (output as string[])[0]!

beforeAll(async () => {
  receiver = await startReceiver()
  api = await startApi(
    { access: { readTokens: async () => records, addressOf: () => '192.0.2.1' } },
    {
      generate: ({ predictionId }) => gates.pass(predictionId),
      webhookFetch: createGuardedFetch({ allowPrivateNetwork: true }),
    },
  )
})
afterAll(async () => {
  gates.openAll()
  await api.stop()
  await receiver.close()
})

describe('a token that is revoked', () => {
  it('ends the streams that it opened, by itself and by a signed URL, and no others', async () => {
    const [leaked, kept] = [await issue('acme'), await issue('acme')]
    const { id, urls } = await create(leaked)
    const { urls: others } = await read(id, kept)
    const stream = async (url: string, headers = {}) => {
      const { pathname, search } = new URL(url)
      const response = await api.request(pathname + search, { headers })
      expect(response.status).toBe(200)
      const text = { value: '', ended: false }
      void response.text().then((all) => Object.assign(text, { value: all, ended: true }))
      return text
    }
    const ending = [await stream(urls.get.concat('/stream'), leaked.headers), await stream(urls.stream)]
    const going = [await stream(urls.get.concat('/stream'), kept.headers), await stream(others.stream)]
    leaked.revoke()
    await eventually(() => expect(ending.map(({ ended }) => ended)).toEqual([true, true]))
    expect(ending.every(({ value }) => !value.includes('event: done'))).toBe(true)
    expect(going.map(({ ended }) => ended)).toEqual([false, false])
    expect(await open(urls.stream)).toBe(403)
    gates.open(id)
    await eventually(() => expect(going.every(({ value }) => value.includes('event: done'))).toBe(true))
  })

  it('closes the signed URLs that it was given, of streams and of files', async () => {
    const [leaked, kept] = [await issue('acme'), await issue('acme')]
    const { id } = await create(leaked)
    gates.open(id)
    const mine = await eventually(async () => {
      const prediction = await read(id, leaked)
      expect(prediction.status).toBe('succeeded')
      return prediction
    })
    const theirs = await read(id, kept)
    for (const url of [outputOf(mine), mine.urls.stream, outputOf(theirs), theirs.urls.stream]) {
      expect(await open(url)).toBe(200)
    }
    leaked.revoke()
    for (const url of [outputOf(mine), mine.urls.stream]) expect(await open(url)).toBe(403)
    for (const url of [outputOf(theirs), theirs.urls.stream]) expect(await open(url)).toBe(200)
    kept.revoke()
    for (const url of [outputOf(theirs), theirs.urls.stream]) expect(await open(url)).toBe(403)
  })

  it('gets no answer to what it waits for', async () => {
    const leaked = await issue('acme')
    const waiting = api.post(body, { ...leaked.headers, prefer: 'wait=60', 'idempotency-key': 'waited-for' })
    const id = await eventually(async () => {
      const { results } = await api.json<{ results: Prediction[] }>(
        api.request('/v1/predictions?status=processing', leaked),
      )
      expect(results).toHaveLength(1)
      return results[0]!.id
    })
    leaked.revoke()
    gates.open(id)
    expect((await waiting).status).toBe(401)
  })

  it('closes the URLs in the webhooks of the predictions that it made', async () => {
    const [leaked, kept] = [await issue('acme'), await issue('acme')]
    const { id } = await api.json<Prediction>(api.post({ ...body, webhook: receiver.url }, leaked.headers))
    gates.open(id)
    const told = await eventually(() => {
      const completed = receiver.deliveries.map((delivery) => JSON.parse(delivery.body) as Prediction)
      expect(completed.map(({ status }) => status)).toContain('succeeded')
      return completed.find(({ status }) => status === 'succeeded')!
    })
    for (const url of [outputOf(told), told.urls.stream]) expect(await open(url)).toBe(200)
    leaked.revoke()
    for (const url of [outputOf(told), told.urls.stream]) expect(await open(url)).toBe(403)
    expect(await open(outputOf(await read(id, kept)))).toBe(200)
  })

  it('cannot be named by the URLs of another: a holder is signed', async () => {
    const [leaked, kept] = [await issue('acme'), await issue('acme')]
    const { urls } = await create(leaked)
    leaked.revoke()
    for (const holder of [kept.id, '~acme', '']) {
      const url = new URL(urls.stream)
      url.searchParams.set('holder', holder)
      expect(await open(url.href)).toBe(403)
    }
  })
})
