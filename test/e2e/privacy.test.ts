import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { readProvenance } from '../../activities/shared/provenance.ts'
import { type DevServer, startDevServer } from '../../cli/stack/dev-server.ts'
import { encodeVector } from '../../contracts/embedding.ts'
import type { Prediction } from '../../contracts/prediction.ts'
import { eventually } from '../support/eventually.ts'
import { startRecordingProxy } from '../support/recording-proxy.ts'
import { startTestStack, type TestStack } from '../support/test-stack.ts'
import { type Receiver, startReceiver } from '../support/webhook-receiver.ts'

// A whole life of two predictions, at the most talkative log level. Then everything that Temporal, the network to it, the
// disk and the logs hold is searched, as bytes, for what must not be there.

const word = () => randomBytes(9).toString('hex')
const secrets = {
  photoPath: `photo-${word()}`,
  photoQuery: `pq${word()}`,
  webhookPath: `hook-${word()}`,
  webhookQuery: `wq${word()}`,
  idempotencyKey: `key-${word()}`,
  fileName: `name-${word()}`,
  metadata: `meta-${word()}`,
}

let folder: string
let server: DevServer
let proxy: Awaited<ReturnType<typeof startRecordingProxy>>
let stack: TestStack
let receiver: Receiver
let photo: Buffer
let generated: Prediction
let embedded: Prediction
let failed: Prediction
let fileUrl = ''
const photoHost = createServer(
  (_, response) => void response.writeHead(200, { 'content-type': 'image/jpeg' }).end(photo),
)

const call = async <T = Prediction>(path: string, init: RequestInit = {}): Promise<T> => {
  const headers = { authorization: `Bearer ${stack.tokens.acme}`, ...(init.headers as Record<string, string>) }
  return (await fetch(`${stack.apiUrl}/v1${path}`, { ...init, headers })).json() as Promise<T>
}
const predict = (model: string, body: object, headers = {}) =>
  call(`/models/idem/${model}/predictions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait', ...headers },
    body: JSON.stringify(body),
  })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'idem-privacy-'))
  photo = await readFile('samples/male_26.jpg')
  receiver = await startReceiver()
  photoHost.listen(0, '127.0.0.1')
  server = await startDevServer({
    cli: inject('temporalCli'),
    dbFile: join(folder, 'temporal.db'),
  })
  const [host = '', port] = server.address.split(':')
  proxy = await startRecordingProxy({ host, port: Number(port) })
  stack = await startTestStack({
    tenants: ['acme'],
    env: { TEMPORAL_ADDRESS: proxy.address, IDEM_LOG_LEVEL: 'debug' },
  })

  const base = `http://127.0.0.1:${(photoHost.address() as AddressInfo).port}`
  generated = await predict(
    'arc2face',
    {
      input: {
        input_image: `${base}/${secrets.photoPath}.jpg?token=${secrets.photoQuery}`,
        num_images: 1,
        num_steps: 2,
      },
      webhook: `${receiver.url}/${secrets.webhookPath}?token=${secrets.webhookQuery}`,
    },
    { 'idempotency-key': secrets.idempotencyKey },
  )
  const form = new FormData()
  form.set('content', new File([new Uint8Array(photo)], `${secrets.fileName}.jpg`, { type: 'image/jpeg' }))
  form.set('metadata', JSON.stringify({ note: secrets.metadata }))
  const file = await call<{ urls: { get: string } }>('/files', { method: 'POST', body: form })
  fileUrl = file.urls.get
  embedded = await predict('face-embedding', { input: { input_image: fileUrl } })
  failed = await predict(
    'arc2face',
    { input: { input_image: `http://127.0.0.1:1/${secrets.photoPath}.png` }, retention: '1m' },
    { 'cancel-after': '5s' },
  )
  await eventually(() => expect(receiver.deliveries.length).toBeGreaterThan(0))
  await fetch((generated.output as string[])[0]!)
})
afterAll(async () => {
  await stack?.stop()
  await proxy?.close()
  await server?.stop()
  await receiver?.close()
  photoHost.close()
  await rm(folder, { recursive: true, force: true })
})

const vector = (): number[] => (embedded.output as { faces: { embedding: number[] }[] }[])[0]!.faces[0]!.embedding

/** Everything that must be found nowhere, as bytes. */
const forbidden = (): [string, Buffer][] => {
  const floats = Buffer.from(encodeVector(Float32Array.from(vector())))
  const base64 = [0, 1, 2].map((shift) =>
    floats
      .subarray(shift, shift + 48)
      .toString('base64')
      .slice(0, 60),
  )
  const { webhookSecret, encryptionKeys } = stackSecrets
  return [
    ...Object.entries(secrets).map(([name, text]): [string, Buffer] => [name, Buffer.from(text)]),
    ['token', Buffer.from(stack.tokens.acme!.slice(5))],
    ['uploaded file', Buffer.from(new URL(fileUrl).pathname)],
    ['vector as numbers', Buffer.from(`${vector()[0]},${vector()[1]}`)],
    ['vector number', Buffer.from(`${Math.abs(vector()[7]!)}`)],
    ['vector as floats', floats.subarray(0, 32)],
    ...base64.map((text, k): [string, Buffer] => [`vector as base64 ${k}`, Buffer.from(text)]),
    ['photo', photo.subarray(2_000, 2_040)],
    ['photo as base64', Buffer.from(photo.subarray(3_000, 3_030).toString('base64'))],
    ['webhook secret', Buffer.from(webhookSecret.slice(6))],
    ['encryption key', Buffer.from(encryptionKeys.split(':')[1]!)],
  ]
}
let stackSecrets: { webhookSecret: string; encryptionKeys: string }
beforeAll(async () => {
  stackSecrets = JSON.parse(await readFile(join(stack.stateDir, 'secrets.json'), 'utf8'))
})

const found = (bytes: Buffer, except: readonly string[] = []) =>
  forbidden().flatMap(([name, needle]) => (!except.includes(name) && bytes.includes(needle) ? [name] : []))

const filesUnder = async (root: string) => {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name)
        return { path, bytes: await readFile(path) }
      }),
  )
}

it('made what is searched for', () => {
  expect([generated, embedded, failed].map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'canceled'])
  expect(generated.input.input_image).toContain(secrets.photoQuery)
})

describe('no URL, vector, photo, token or key', () => {
  it("is in Temporal's database", async () => {
    const files = await filesUnder(folder)
    const bytes = Buffer.concat(files.map((file) => file.bytes))
    // It is the right place to look.
    for (const known of [generated.id, embedded.id, 'generateImages', 'idem/arc2face'])
      expect(bytes.includes(known)).toBe(true)
    expect(found(bytes)).toEqual([])
  })

  it('passes between our processes and Temporal', () => {
    const bytes = proxy.bytes()
    expect(bytes.includes(generated.id)).toBe(true)
    expect(bytes.includes('binary/encrypted')).toBe(true)
    expect(found(bytes)).toEqual([])
  })

  it('is in the logs, at debug level', () => {
    const text = stack.lines.join('\n')
    for (const known of [
      generated.id,
      '/v1/models/idem/arc2face/predictions',
      '"tenant":"acme"',
      `"predictionId":"${embedded.id}"`,
    ])
      expect(text).toContain(known)
    expect(text.length).toBeGreaterThan(2_000)
    expect(found(Buffer.from(text))).toEqual([])
    expect(text).not.toMatch(/signature=[\w-]{20}/)
  })

  it('lies readable in the artifact store', async () => {
    const files = await filesUnder(join(stack.stateDir, 'artifacts'))
    const paths = files.map(({ path }) => path)
    expect(paths.some((path) => path.endsWith(`${embedded.id}/faces-0.json`))).toBe(true)
    expect(paths.some((path) => path.includes('/uploads/acme/'))).toBe(true)
    // The upload's path names it; that is no secret of the store's.
    expect(found(Buffer.concat(files.map(({ bytes }) => bytes)), ['uploaded file'])).toEqual([])
  })
})

it('what is published is marked as made by a model, and carries nothing of the photo', async () => {
  const bytes = new Uint8Array(await (await fetch((generated.output as string[])[0]!)).arrayBuffer())
  expect(readProvenance(bytes)).toMatchObject({
    software: expect.stringMatching(/^Idem \d/),
    model: 'idem/arc2face',
    bundleSha256: generated.version,
    seed: (generated.metrics.seeds as number[])[0],
    predictionId: generated.id,
  })
})

it('the Temporal UI reads payloads by a path that nobody can guess, and no other', async () => {
  for (const path of ['/codec/decode', `/codec/${'0'.repeat(48)}/decode`]) {
    const response = await fetch(`${stack.apiUrl}${path}`, {
      method: 'POST',
      headers: {
        'x-namespace': 'default',
        'content-type': 'application/json',
        authorization: `Bearer ${stack.tokens.acme}`,
      },
      body: '{"payloads":[]}',
    })
    expect(response.status).toBe(401)
  }
})
