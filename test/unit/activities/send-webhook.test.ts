import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { validateWebhook } from 'replicate'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSendWebhook } from '../../../activities/send-webhook.ts'
import { createGuardedFetch } from '../../../activities/shared/guarded-fetch.ts'
import { webhookPayload } from '../../../activities/shared/webhook-payload.ts'
import type { Prediction } from '../../../contracts/prediction.ts'
import { tenantWebhookSecrets } from '../../../contracts/tenant-secret.ts'
import { examplePrediction, succeeded } from '../../support/example-prediction.ts'
import { listenOnLoopback } from '../../support/listen-on-loopback.ts'
import { type Receiver, startReceiver } from '../../support/webhook-receiver.ts'

const words = 'words of the receiver'
const secrets = [1, 2].map(() => `whsec_${randomBytes(32).toString('base64')}`)
const fetch = createGuardedFetch({ allowPrivateNetwork: true, headersTimeoutMs: 500, totalTimeoutMs: 500 })

let receiver: Receiver
let tenant = 'local'
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(() => receiver.close())

const create = (...states: (Prediction | undefined)[]) => {
  let asked = 0
  return createSendWebhook({
    fetch,
    secrets,
    loadPrediction: async () => {
      const prediction = states[Math.min(asked++, states.length - 1)]
      return prediction && { prediction, tenant }
    },
  })
}
const message = (event: 'start' | 'output' | 'logs' | 'completed' = 'completed', url = receiver.url) => ({
  predictionId: 'p1',
  event,
  messageId: `p1-${event}-1`,
  url,
})

describe('sendWebhook', () => {
  it('posts the prediction so that official clients accept it, with either secret', async () => {
    expect(await create(succeeded()).sendWebhook(message())).toEqual({ status: 204 })
    const [{ headers, body }] = receiver.deliveries as [(typeof receiver.deliveries)[number]]
    expect(JSON.parse(body)).toEqual(succeeded())
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': 'p1-completed-1' })
    expect(headers).not.toHaveProperty('cookie')
    for (const secret of await tenantWebhookSecrets(secrets, 'local')) {
      expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toEqual(succeeded())
      const request = new Request(receiver.url, { method: 'POST', body, headers: headers as Record<string, string> })
      expect(await validateWebhook(request, secret)).toBe(true)
    }
  })

  it('signs with what the tenant has of each secret, and no other', async () => {
    tenant = 'acme'
    await create(succeeded()).sendWebhook(message())
    tenant = 'local'
    const [{ headers, body }] = receiver.deliveries as [(typeof receiver.deliveries)[number]]
    const verify = (secret: string) => new Webhook(secret).verify(body, headers as Record<string, string>)
    for (const secret of await tenantWebhookSecrets(secrets, 'acme')) expect(verify(secret)).toEqual(succeeded())
    for (const secret of [...secrets, ...(await tenantWebhookSecrets(secrets, 'other'))]) {
      expect(() => verify(secret)).toThrow()
    }
  })

  it('signs each attempt afresh under the same id', async () => {
    const { sendWebhook } = create(succeeded())
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    try {
      await sendWebhook(message())
      vi.setSystemTime(Date.now() + 5_000)
      await sendWebhook(message())
    } finally {
      vi.useRealTimers()
    }
    const [first, second] = receiver.deliveries.map(({ headers }) => headers)
    expect(second!['webhook-id']).toBe(first!['webhook-id'])
    expect(Number(second!['webhook-timestamp'])).toBe(Number(first!['webhook-timestamp']) + 5)
    expect(second!['webhook-signature']).not.toBe(first!['webhook-signature'])
  })

  it('waits for the end of a job that says completed a moment before it', async () => {
    await create(examplePrediction(), examplePrediction(), succeeded()).sendWebhook(message())
    expect(receiver.deliveries.map(({ body }) => JSON.parse(body).status)).toEqual(['succeeded'])
  })

  it.each([
    [410, { type: 'webhook_gone', retryable: false, details: { status: 410 } }],
    [404, { type: 'webhook_rejected', retryable: true, details: { status: 404, retryAfterMs: 90_000 } }],
    [500, { type: 'webhook_rejected', retryable: true, details: { status: 500, retryAfterMs: 90_000 } }],
  ])('takes a %d for a failure that does not repeat what the receiver said', async (status, expected) => {
    receiver.answer = (_, response) => void response.writeHead(status, words, { 'retry-after': '90' }).end(words)
    const error = await create(succeeded())
      .sendWebhook(message())
      .catch((reason) => reason)
    expect(error).toMatchObject(expected)
    expect(`${error.stack}${JSON.stringify(error)}`).not.toContain(words)
    expect(error.cause).toBeUndefined()
  })

  it.each([301, 302, 303, 307, 308])('does not follow a %d', async (status) => {
    receiver.answer = (_, response) => void response.writeHead(status, { location: '/elsewhere' }).end()
    const sent = create(succeeded()).sendWebhook(message())
    await expect(sent).rejects.toMatchObject({ type: 'webhook_rejected', retryable: true, details: { status } })
    expect(receiver.deliveries.map(({ path }) => path)).toEqual(['/hook'])
  })

  it('does not wait for the end of an endless answer', async () => {
    receiver.answer = (_, response) => {
      const timer = setInterval(() => response.write(Buffer.alloc(65_536)), 1)
      response.writeHead(200).on('close', () => clearInterval(timer))
    }
    expect(await create(succeeded()).sendWebhook(message())).toEqual({ status: 200 })
  })

  it('gives a silent receiver up', async () => {
    receiver.answer = () => undefined
    await expect(create(succeeded()).sendWebhook(message())).rejects.toMatchObject({
      type: 'webhook_unreachable',
      retryable: true,
      details: { reason: 'timeout' },
    })
  })

  it('may be tried again where nobody listens, or what listens speaks no HTTP', async () => {
    const server = createServer(
      (socket) =>
        void socket
          .on('error', () => undefined)
          .resume()
          .end(`${words}\r\n\r\n`),
    )
    const port = await listenOnLoopback(server)
    const url = `http://127.0.0.1:${port}/`
    const { sendWebhook } = create(succeeded())
    const garbled = await sendWebhook(message('completed', url)).catch((reason) => reason)
    expect(garbled).toMatchObject({ type: 'webhook_unreachable', details: { reason: 'protocol' }, retryable: true })
    expect(`${garbled.stack}${JSON.stringify(garbled)}`).not.toContain(words)
    await new Promise((done) => server.close(done))
    await expect(sendWebhook(message('completed', url))).rejects.toMatchObject({
      type: 'webhook_unreachable',
      details: { reason: 'connection' },
      retryable: true,
    })
  })

  it.each(['http://169.254.169.254/', 'ftp://receiver.example/', 'http://user:word@receiver.example/'])(
    'refuses %s for good',
    async (url) => {
      await expect(create(succeeded()).sendWebhook(message('completed', url))).rejects.toMatchObject({
        type: 'address_refused',
        retryable: false,
      })
    },
  )

  it('refuses a receiver in the private network unless it is allowed', async () => {
    const guarded = createSendWebhook({
      fetch: createGuardedFetch({ allowPrivateNetwork: false }),
      secrets,
      loadPrediction: async () => ({ prediction: succeeded(), tenant: 'local' }),
    })
    await expect(guarded.sendWebhook(message())).rejects.toMatchObject({ type: 'address_refused', retryable: false })
    expect(receiver.deliveries).toEqual([])
  })

  it('sends nothing of a prediction that was deleted', async () => {
    for (const event of ['start', 'completed'] as const) {
      await expect(create(undefined).sendWebhook(message(event))).rejects.toMatchObject({
        type: 'prediction_missing',
        retryable: false,
      })
    }
    expect(receiver.deliveries).toEqual([])
  })

  it('says whether a prediction has ended', async () => {
    const ended = (state?: Prediction) => create(state).hasEnded({ predictionId: 'p1' })
    expect(await ended(examplePrediction())).toBe(false)
    expect(await ended(succeeded())).toBe(true)
    expect(await ended(undefined)).toBe(true)
  })

  it('refuses malformed secrets before it sends anything', () => {
    expect(() => createSendWebhook({ fetch, secrets: ['secret'], loadPrediction: async () => undefined })).toThrow(
      'A webhook secret must be whsec_',
    )
  })
})

describe('webhookPayload', () => {
  it('is the prediction as it stands', () => {
    const running = examplePrediction({ logs: ' 50%|█████     | 1/2' })
    for (const event of ['start', 'output', 'logs'] as const) expect(webhookPayload(event, running)).toEqual(running)
    expect(webhookPayload('completed', succeeded())).toEqual(succeeded())
  })

  it.each(['succeeded', 'failed', 'canceled'] as const)('shows %s in completed alone', (status) => {
    const prediction = succeeded({ status, error: status === 'failed' ? 'No face in the photo' : null })
    const overtaken = { status: 'processing', completed_at: null, error: null }
    expect(webhookPayload('completed', prediction)).toEqual(prediction)
    expect(webhookPayload('start', prediction)).toMatchObject({ ...overtaken, output: null, logs: '' })
    const { output, logs } = prediction
    expect(webhookPayload('output', prediction)).toMatchObject({ ...overtaken, output, logs })
  })
})
