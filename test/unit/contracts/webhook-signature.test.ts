import { randomBytes } from 'node:crypto'
import { validateWebhook } from 'replicate'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { parseWebhookSecret, signWebhook } from '../../../contracts/webhook-signature.ts'

const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`
const body = JSON.stringify({ id: 'p1', status: 'succeeded', logs: '100%|██████████| 25/25', error: null })
const sign = (...secrets: string[]) =>
  signWebhook({ id: 'p1-completed-1', timestamp: new Date(), body }, secrets.map(parseWebhookSecret))

describe('signWebhook', () => {
  it("makes the signature of the specification's example", async () => {
    // github.com/standard-webhooks/standard-webhooks, the libraries' shared test vector.
    const headers = await signWebhook(
      {
        id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        timestamp: new Date(1614265330 * 1000),
        body: '{"test": 2432232314}',
      },
      [parseWebhookSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')],
    )
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })

  it("satisfies standardwebhooks' library, and not for another body, id, time or secret", async () => {
    const secret = newSecret()
    const headers = await sign(secret)
    const webhook = new Webhook(secret)
    expect(webhook.verify(body, headers)).toEqual(JSON.parse(body))
    const later = `${Number(headers['webhook-timestamp']) + 1}`
    expect(() => webhook.verify(`${body} `, headers)).toThrow('No matching signature')
    expect(() => webhook.verify(body, { ...headers, 'webhook-id': 'p2' })).toThrow('No matching signature')
    expect(() => webhook.verify(body, { ...headers, 'webhook-timestamp': later })).toThrow('No matching signature')
    expect(() => new Webhook(newSecret()).verify(body, headers)).toThrow('No matching signature')
  })

  it("satisfies Replicate's client", async () => {
    const secret = newSecret()
    const headers = new Headers(await sign(secret))
    const request = (text: string) => new Request('http://receiver.example/', { method: 'POST', headers, body: text })
    expect(await validateWebhook(request(body), secret)).toBe(true)
    expect(await validateWebhook(request(`${body} `), secret)).toBe(false)
  })

  it('signs with both secrets while they are rotated', async () => {
    const [newer, older] = [newSecret(), newSecret()]
    const headers = await sign(newer, older)
    expect(headers['webhook-signature'].split(' ')).toHaveLength(2)
    for (const secret of [newer, older]) {
      expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body))
      expect(await validateWebhook(new Request('http://x/', { method: 'POST', headers, body }), secret)).toBe(true)
    }
    expect(() => new Webhook(newSecret()).verify(body, headers)).toThrow('No matching signature')
  })
})

describe('parseWebhookSecret', () => {
  it.each([
    ['no prefix', randomBytes(32).toString('base64')],
    ['another prefix', `whsk_${randomBytes(32).toString('base64')}`],
    ['nothing', 'whsec_'],
    ['URL-safe base64', `whsec_${'-_'.repeat(20)}`],
    ['missing padding', `whsec_${randomBytes(32).toString('base64').replace(/=+$/, '')}`],
    ['a line break', `${newSecret()}\n`],
    ['23 bytes', `whsec_${randomBytes(23).toString('base64')}`],
    ['65 bytes', `whsec_${randomBytes(65).toString('base64')}`],
  ])('refuses a secret with %s, without showing it', (_, secret) => {
    expect(() => parseWebhookSecret(secret)).toThrow(/^A webhook secret [a-z0-9_ ]+(, not \d+)?$/)
  })

  it.each([24, 32, 64])('takes %d bytes', (length) => {
    const key = randomBytes(length)
    expect(Buffer.from(parseWebhookSecret(`whsec_${key.toString('base64')}`)).equals(key)).toBe(true)
  })
})
