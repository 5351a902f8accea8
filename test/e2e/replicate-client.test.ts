import { readFile } from 'node:fs/promises'
import Replicate, { type FileOutput, type Prediction, validateWebhook } from 'replicate'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resizeBilinear } from '../../inference/numeric/resize.ts'
import { decodePhoto } from '../../inference/photos/decode.ts'
import { encodeJpeg, encodePng } from '../../inference/photos/encode.ts'
import { eventually } from '../support/eventually.ts'
import { startTestStack, type TestStack } from '../support/test-stack.ts'
import { startTlsProxy } from '../support/tls-proxy.ts'
import { type Receiver, startReceiver } from '../support/webhook-receiver.ts'

// The official client as its users have it: nothing is known of Idem but the base URL and a token.

let stack: TestStack
let proxy: Awaited<ReturnType<typeof startTlsProxy>>
let receiver: Receiver
let replicate: Replicate
let photo: Buffer
const model = 'idem/arc2face'
const quick = { num_images: 2, num_steps: 3, seed: 4 }

beforeAll(async () => {
  // The client makes files of https outputs alone.
  proxy = await startTlsProxy()
  stack = await startTestStack({ tenants: ['acme'], env: { IDEM_PUBLIC_URL: proxy.url } })
  proxy.target = stack.apiUrl
  receiver = await startReceiver()
  replicate = new Replicate({ baseUrl: `${proxy.url}/v1`, auth: stack.tokens.acme!, fetch: proxy.fetch })
  photo = await readFile('samples/male_26.jpg')
})
afterAll(async () => {
  await stack?.stop()
  await receiver?.close()
  await proxy?.close()
})

const isPng = (bytes: Uint8Array) => Buffer.from(bytes.subarray(1, 4)).toString() === 'PNG'
const pngs = async (output: unknown) => {
  expect(output).toHaveLength(2)
  for (const file of output as FileOutput[])
    expect(isPng(new Uint8Array(await (await file.blob()).arrayBuffer()))).toBe(true)
}

describe('run', () => {
  it('takes a Buffer by upload, waits, and gives files that need no token', async () => {
    await pngs(await replicate.run(model, { input: { ...quick, input_image: photo } }))
    const { results } = (await replicate.files.list()) as { results: { size: number }[] }
    expect(results[0]?.size).toBe(photo.length)
  })

  it('takes a Buffer as a data URI, which the client sends where uploads are broken', async () => {
    // It can encode some 50 kB in this way.
    const small = Buffer.from(await encodeJpeg(resizeBilinear(await decodePhoto(photo), 256, 256), 60))
    proxy.broken.add('/v1/files')
    const output = await replicate
      .run(model, { input: { ...quick, input_image: small } })
      .finally(() => proxy.broken.clear())
    await pngs(output)
    await eventually(async () => {
      const { results } = await replicate.predictions.list()
      expect(results[0]!.input).toMatchObject({ input_image: `data:(${small.length} bytes)` })
    })
  })

  it('takes a version, polls, and tells its progress', async () => {
    const { latest_version } = await replicate.models.get('idem', 'arc2face')
    const statuses = new Set<string>()
    const output = await replicate.run(
      `${model}:${latest_version!.id}`,
      { input: { ...quick, input_image: photo }, wait: { mode: 'poll', interval: 100 } },
      ({ status }) => statuses.add(status),
    )
    await pngs(output)
    expect(statuses).toContain('succeeded')
  })

  it('goes on polling when the wait runs out', async () => {
    const input = { num_images: 4, num_steps: 40, input_image: photo }
    const output = await replicate.run(model, { input, wait: { mode: 'block', timeout: 1, interval: 200 } })
    expect(output).toHaveLength(4)
  })

  it('fails with the reason where there is no face', async () => {
    const blank = await encodePng({
      data: new Uint8Array(128 * 128 * 3),
      width: 128,
      height: 128,
    })
    await expect(replicate.run(model, { input: { input_image: Buffer.from(blank) } })).rejects.toThrow('no_face')
  })

  it('fails with what is wrong with the input', async () => {
    await expect(replicate.run(model, { input: { num_images: 99 } })).rejects.toThrow(/422.*num_images/s)
  })
})

describe('predictions', () => {
  const create = (more: object = {}) =>
    replicate.predictions.create({ model, input: { ...quick, input_image: dataUri() }, ...more })
  const dataUri = () => `data:image/jpeg;base64,${photo.toString('base64')}`

  it('are made, read, and waited for', async () => {
    const created = await create()
    expect(created.status).toBe('starting')
    const ended = await replicate.wait(created, { interval: 100 })
    expect(ended.status).toBe('succeeded')
    expect(await replicate.predictions.get(created.id)).toMatchObject({ id: created.id, status: 'succeeded' })
  })

  it('are made by version', async () => {
    const { latest_version } = await replicate.models.get('idem', 'face-embedding')
    const created = await replicate.predictions.create({
      version: latest_version!.id,
      input: { input_image: dataUri() },
      wait: true,
    })
    expect(created).toMatchObject({ status: 'succeeded', model: 'idem/face-embedding' })
  })

  it('are canceled', async () => {
    const created = await create({ input: { input_image: dataUri(), num_images: 8, num_steps: 100 } })
    await replicate.predictions.cancel(created.id)
    expect((await replicate.wait(created, { interval: 100 })).status).toBe('canceled')
  })

  it('are listed, page by page', async () => {
    const made = [await create(), await create()]
    const seen = await eventually(async () => {
      const all: Prediction[] = []
      for await (const page of replicate.paginate(replicate.predictions.list)) all.push(...page)
      expect(all.map(({ id }) => id)).toEqual(expect.arrayContaining(made.map(({ id }) => id)))
      return all
    })
    expect(seen.map(({ created_at }) => created_at)).toEqual(
      seen
        .map(({ created_at }) => created_at)
        .sort()
        .reverse(),
    )
  })

  it('are streamed', async () => {
    const events: string[] = []
    const outputs: unknown[] = []
    for await (const { event, data } of replicate.stream(model, { input: { ...quick, input_image: photo } })) {
      events.push(event)
      if (event === 'output') outputs.push(data)
    }
    expect(outputs).toHaveLength(2)
    expect(events.at(-1)).toBe('done')
    expect(events).toContain('logs')
  })

  it('tell their webhook, which validates', async () => {
    const created = await create({ webhook: receiver.url, webhook_events_filter: ['start', 'completed'] })
    await eventually(() => expect(receiver.deliveries).toHaveLength(2))
    const secret = await replicate.webhooks.default.secret.get()
    for (const { body, headers } of receiver.deliveries) {
      const request = new Request(receiver.url, { method: 'POST', body, headers: headers as Record<string, string> })
      expect(await validateWebhook(request, secret.key)).toBe(true)
      expect(new Webhook(secret.key).verify(body, headers as Record<string, string>)).toMatchObject({ id: created.id })
    }
    // Delivered once; a receiver that lost it asks for it again.
    const redeliver = () =>
      fetch(`${stack.apiUrl}/v1/predictions/${created.id}/webhook/redeliver`, {
        method: 'POST',
        headers: { authorization: `Bearer ${stack.tokens.acme}` },
      })
    await eventually(async () => expect((await redeliver()).status).toBe(202))
    await eventually(() => expect(receiver.deliveries).toHaveLength(3))
    expect(JSON.parse(receiver.deliveries[2]!.body)).toMatchObject({ id: created.id, status: 'succeeded' })
  })
})

it('models, files and the account', async () => {
  const models = await replicate.models.list()
  expect(models.results.map(({ owner, name }) => `${owner}/${name}`)).toContain(model)
  const versions = (await replicate.models.versions.list('idem', 'arc2face')) as never as { results: { id: string }[] }
  const version = await replicate.models.versions.get('idem', 'arc2face', versions.results[0]!.id)
  expect(version.openapi_schema).toMatchObject({ components: { schemas: { Input: { type: 'object' } } } })
  const file = await replicate.files.create(new File([new Uint8Array(photo)], 'me.jpg', { type: 'image/jpeg' }), {
    a: 1,
  })
  expect(await replicate.files.get(file.id)).toMatchObject({ name: 'me.jpg', metadata: { a: 1 } })
  expect(await replicate.files.delete(file.id)).toBe(true)
  await expect(replicate.files.get(file.id)).rejects.toThrow('404')
  expect(await replicate.accounts.current()).toMatchObject({ username: 'acme' })
})

it('is told where its token is wrong', async () => {
  const stranger = new Replicate({ baseUrl: `${proxy.url}/v1`, auth: 'idem_wrong', fetch: proxy.fetch })
  await expect(stranger.accounts.current()).rejects.toThrow('401')
})
