import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiClient, createApiClient } from '../../cli/client/api-client.ts'
import { follow } from '../../cli/client/follow.ts'
import type { Stack } from '../../cli/stack/stack.ts'
import { claimState } from '../../cli/stack/state.ts'
import type { Prediction } from '../../contracts/prediction.ts'
import { decodePhoto } from '../../inference/photos/decode.ts'
import { encodePng } from '../../inference/photos/encode.ts'
import { eventually } from '../support/eventually.ts'
import { listenOnLoopback } from '../support/listen-on-loopback.ts'
import { samplePhoto } from '../support/sample-photo.ts'
import { startStackIn } from '../support/test-stack.ts'
import { startReceiver } from '../support/webhook-receiver.ts'

let stateDir: string
let stack: Stack
let client: ApiClient
const lines: string[] = []

const start = async () => {
  // The receiver of webhooks is on loopback.
  const env = { IDEM_ALLOW_PRIVATE_NETWORK: 'true' }
  stack = await startStackIn(stateDir, { env, onLine: (line) => lines.push(line) })
  client = createApiClient(stack.apiUrl)
}

const until = (prediction: Prediction, reached: (p: Prediction) => boolean): Promise<Prediction> =>
  new Promise((resolve, reject) => {
    const seen = (p: Prediction) => reached(p) && resolve(p)
    follow(client, prediction, seen).then((p) => reject(new Error(`it ended before: ${p.status} ${p.error}`)), reject)
  })

const diffusing = (atLeast: number) => (p: Prediction) =>
  (p.metrics as { phase?: string; step?: number }).phase === 'generateImages' && Number(p.metrics.step) >= atLeast

const finish = (prediction: Prediction) => follow(client, prediction, () => undefined)

const download = (prediction: Prediction) =>
  Promise.all((prediction.output as string[]).map((url) => client.download(url)))

/** The images without their marks, which name the prediction. */
const pixels = async (prediction: Prediction) =>
  Promise.all(
    (await download(prediction)).map(async (bytes) => Buffer.from((await decodePhoto(bytes)).data).toString('base64')),
  )

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'idem-stack-'))
  await start()
})
afterAll(async () => {
  await stack?.stop()
  await rm(stateDir, { recursive: true, force: true })
})

describe('a stack of real processes', () => {
  it('turns a portrait into images of that person', async () => {
    const started = await client.create({ input_image: await samplePhoto('male_26.jpg'), num_images: 2, seed: 11 })
    expect(started.status).toBe('starting')
    const prediction = await finish(started)
    expect(prediction).toMatchObject({ status: 'succeeded', error: null, data_removed: false })
    expect(prediction.metrics.seeds).toEqual([11, 12])
    expect(prediction.logs).toMatch(/^100%\|█+\| 25\/25$/m)
    for (const bytes of await download(prediction)) {
      expect(await decodePhoto(bytes)).toMatchObject({ width: 128, height: 128 })
    }
  })

  it('gives the faces of a photo with their vectors, which arc2face takes in place of a photo', async () => {
    const response = await fetch(`${stack.apiUrl}/v1/models/idem/face-embedding/predictions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'wait' },
      body: JSON.stringify({
        input: { input_images: [await samplePhoto('male_26.jpg'), await samplePhoto('male_83.jpg')] },
      }),
    })
    const prediction = (await response.json()) as Prediction
    expect(prediction).toMatchObject({ status: 'succeeded', model: 'idem/face-embedding' })
    const output = prediction.output as { width: number; faces: { bbox: number[]; embedding: number[] }[] }[]
    expect(output.map(({ width, faces }) => [width, faces.length])).toEqual([
      [1024, 1],
      [1024, 1],
    ])
    const { embedding } = output[0]!.faces[0]!
    expect(embedding).toHaveLength(512)

    const generated = await finish(await client.create({ embedding, num_images: 1, seed: 11 }))
    expect(generated.status).toBe('succeeded')
    // The same person and seed by way of the photo: the same image.
    const photo = await finish(
      await client.create({ input_image: await samplePhoto('male_26.jpg'), num_images: 1, seed: 11 }),
    )
    expect(await pixels(generated)).toEqual(await pixels(photo))
  })

  it('keeps bytes and vectors out of the history, and has a summary for every step', async () => {
    const started = await client.create({ input_image: await samplePhoto('male_83.jpg'), num_images: 1, num_steps: 2 })
    await finish(started)
    const connection = await Connection.connect({ address: stack.temporalAddress })
    const history = await new Client({ connection }).workflow.getHandle(started.id).fetchHistory()
    await connection.close()
    const text = JSON.stringify(history)
    expect(text.length).toBeLessThan(60_000)
    const scheduled = history.events?.filter((event) => event.activityTaskScheduledEventAttributes) ?? []
    expect(scheduled).toHaveLength(7)
    expect(scheduled.every((event) => event.userMetadata?.summary)).toBe(true)
  })

  it('makes images again that are not like the person, and reports every attempt', async () => {
    const input = { input_image: await samplePhoto('male_26.jpg'), num_images: 2, num_steps: 4, seed: 30 }
    const prediction = await finish(await client.create({ ...input, min_similarity: 0.999, max_attempts: 2 }))
    expect(prediction.status).toBe('succeeded')
    const attempts = prediction.metrics.attempts as { seed: number; similarity: number | null }[][]
    expect(attempts.map((of) => of.map(({ seed }) => seed))).toEqual([
      [30, 32],
      [31, 33],
    ])
    // The better of the two is kept, and can be made again alone.
    const best = attempts.map((of) => of.reduce((a, b) => ((b.similarity ?? -1) > (a.similarity ?? -1) ? b : a)))
    expect(prediction.metrics.seeds).toEqual(best.map(({ seed }) => seed))
    const alone = await finish(await client.create({ ...input, num_images: 1, seed: best[0]!.seed }))
    expect((await pixels(alone))[0]).toEqual((await pixels(prediction))[0])
  })

  it('refuses photos of different people, and says which is the stranger', async () => {
    const photos = await Promise.all(['male_26.jpg', 'male_26.jpg', 'female_34.jpg'].map(samplePhoto))
    const prediction = await finish(await client.create({ input_images: photos, num_images: 1, num_steps: 2 }))
    expect(prediction.status).toBe('failed')
    expect(prediction.metrics.failure).toMatchObject({ type: 'different_people', details: { outliers: [2] } })
  })

  it('tells a webhook of the start and the end, signed, the end last', async () => {
    const receiver = await startReceiver()
    const body = {
      input: { input_image: await samplePhoto('male_32.jpg'), num_images: 1, num_steps: 5 },
      webhook: receiver.url,
      webhook_events_filter: ['start', 'completed'],
    }
    const response = await fetch(`${stack.apiUrl}/v1/models/idem/arc2face/predictions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const { id } = await finish((await response.json()) as Prediction)
    await eventually(() => expect(receiver.deliveries).toHaveLength(2))
    const { key } = (await (await fetch(`${stack.apiUrl}/v1/webhooks/default/secret`)).json()) as { key: string }
    expect(await readFile(join(stateDir, 'secrets.json'), 'utf8')).not.toContain(key)
    const sent = receiver.deliveries.map(({ body: text, headers }) =>
      new Webhook(key).verify(text, headers as Record<string, string>),
    ) as Prediction[]
    expect(sent.map((prediction) => prediction.id)).toEqual([id, id])
    expect(sent[1]).toMatchObject({ status: 'succeeded' })
    expect(await client.download((sent[1]!.output as string[])[0]!)).not.toHaveLength(0)
    await receiver.close()
    // What counts the workflows of `control`, to know whether a GPU has work, does not count a receiver that is away.
    const connection = await Connection.connect({ address: stack.temporalAddress })
    const delivery = new Client({ connection }).workflow.getHandle(`webhook-${id}`)
    expect((await delivery.describe()).taskQueue).toBe('webhooks')
    await connection.close()
  })

  it('fails with no_face before the gpu queue', async () => {
    const grey = { data: new Uint8Array(256 * 256 * 3).fill(128), width: 256, height: 256 }
    const png = Buffer.from(await encodePng(grey)).toString('base64')
    const prediction = await finish(await client.create({ input_image: `data:image/png;base64,${png}` }))
    expect(prediction.status).toBe('failed')
    expect(prediction.error).toContain('no_face')
    expect(prediction.metrics.failure).toMatchObject({ type: 'no_face' })
    expect(prediction.logs).not.toContain('|')
  })

  it('goes on at the last checkpoint when the worker is killed, and makes the same bytes', async () => {
    const input = { input_image: await samplePhoto('female_34.jpg'), num_images: 2, num_steps: 100, seed: 5 }
    const undisturbed = await finish(await client.create(input))
    const started = await client.create(input)
    await until(started, diffusing(8))
    process.kill(stack.workers.get('gpu')!.pid, 'SIGKILL')
    const prediction = await finish(started)
    expect(prediction.status).toBe('succeeded')
    const resumed = lines.find((line) => line.includes('resumes after step'))
    // Checkpoints are written beside the steps, as fast as the store takes them.
    expect(Number(/after step (\d+)/.exec(resumed ?? '')?.[1])).toBeGreaterThan(0)
    expect(await pixels(prediction)).toEqual(await pixels(undisturbed))
  })

  it('cancels within a step, says how far it came, and cancels twice as once', async () => {
    const started = await client.create({
      input_image: await samplePhoto('male_45.jpg'),
      num_images: 8,
      num_steps: 100,
    })
    await until(started, diffusing(2))
    await client.cancel(started.id)
    const prediction = await finish(started)
    expect(prediction.status).toBe('canceled')
    expect(prediction.logs).toMatch(/ \d+\/100$/m)
    expect(await client.cancel(started.id)).toMatchObject({ status: 'canceled' })
  })

  it('stores no photo after it was canceled', async () => {
    const server = createServer()
    const requested = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>
    const port = await listenOnLoopback(server)
    const started = await client.create({ input_image: `http://127.0.0.1:${port}/photo.jpg` })
    const [, response] = await requested
    await client.cancel(started.id)
    const { status } = await finish(started)
    expect(status).toBe('canceled')
    // The step has ended with its request, before the prediction did: nobody is left to store what comes now.
    if (!response.closed) await once(response, 'close')
    expect(response.writableEnded).toBe(false)
    server.close()
    const names = await readdir(join(stateDir, 'artifacts', 'predictions', started.id)).catch(() => [])
    expect(names).toEqual([])
  })

  it('cancels by itself at the deadline that was asked for', async () => {
    const response = await fetch(`${stack.apiUrl}/v1/models/idem/arc2face/predictions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'cancel-after': '5s' },
      body: JSON.stringify({
        input: { input_image: await samplePhoto('male_45.jpg'), num_images: 16, num_steps: 100 },
      }),
    })
    const prediction = await finish((await response.json()) as Prediction)
    expect(prediction).toMatchObject({ status: 'canceled', error: expect.stringContaining('deadline_exceeded') })
  })

  it('hands a diffusion back at once when its worker is stopped', async () => {
    const started = await client.create({
      input_image: await samplePhoto('male_64.jpg'),
      num_images: 4,
      num_steps: 100,
    })
    const before = await until(started, diffusing(5))
    lines.length = 0
    const { pid, ended } = stack.workers.get('gpu')!
    process.kill(pid, 'SIGTERM')
    expect(await ended).toBe('exited with code 0')
    expect(await finish(started)).toMatchObject({ status: 'succeeded' })
    const drained = /resumes after step (\d+) of 100/.exec(lines.find((line) => line.includes('draining')) ?? '')
    const resumed = /resumes after step (\d+) of 100/.exec(lines.find((line) => line.includes('The diffusion')) ?? '')
    expect(Number(drained?.[1])).toBeGreaterThanOrEqual(Number(before.metrics.step))
    expect(resumed?.[1]).toBe(drained?.[1])
  })

  it('finishes after a restart what was started before', async () => {
    const started = await client.create({
      input_image: await samplePhoto('male_70.jpg'),
      num_images: 4,
      num_steps: 100,
    })
    await until(started, diffusing(3))
    await stack.stop()
    await expect(client.get(started.id)).rejects.toThrow('Cannot reach the API')
    await start()
    expect(await finish(started)).toMatchObject({ status: 'succeeded' })
  })

  it('says why it cannot start, and leaves nothing behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'idem-broken-'))
    const env = { IDEM_EXECUTION_PROVIDER: 'magic' }
    await expect(startStackIn(folder, { env })).rejects.toThrow('IDEM_EXECUTION_PROVIDER is "magic"')
    // The state is free again: nothing runs from it.
    await claimState(folder)
    await rm(folder, { recursive: true })
  })

  it('refuses a second stack on the same state', async () => {
    await expect(start()).rejects.toThrow('already')
  })
})
