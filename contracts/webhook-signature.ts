import { fromBase64, toBase64 } from '../lib/base64.ts'

// Standard Webhooks, https://www.standardwebhooks.com: symmetric signatures, version 1.

const prefix = 'whsec_'
/** Limits in the specification. */
const minKeyBytes = 24
const maxKeyBytes = 64

const encoder = new TextEncoder()

/**
 * Parses a secret: `whsec_`, then 24 to 64 bytes in padded standard base64. Error messages do not contain the secret.
 */
export const parseWebhookSecret = (secret: string): Uint8Array<ArrayBuffer> => {
  const text = secret.startsWith(prefix) ? secret.slice(prefix.length) : ''
  if (!/^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    throw new Error(`A webhook secret must be ${prefix} followed by standard base64`)
  }
  const key = fromBase64(text) ?? new Uint8Array()
  if (key.length < minKeyBytes || key.length > maxKeyBytes) {
    throw new Error(`A webhook secret must hold ${minKeyBytes} to ${maxKeyBytes} bytes, not ${key.length}`)
  }
  return key
}

export interface SignedMessage {
  /** The same for every attempt, so that receivers can detect repeated messages. Must not contain a dot. */
  id: string
  /** Time of this attempt. */
  timestamp: Date
  body: string
}

/** Returns the three headers of a message, with one signature per key: during a rotation both keys are valid. */
export const signWebhook = async (
  { id, timestamp, body }: SignedMessage,
  keys: readonly Uint8Array<ArrayBuffer>[],
): Promise<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> => {
  const seconds = `${Math.floor(timestamp.getTime() / 1000)}`
  const content = encoder.encode(`${id}.${seconds}.${body}`)
  const signatures = keys.map(async (raw) => {
    const key = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    return `v1,${toBase64(new Uint8Array(await crypto.subtle.sign('HMAC', key, content)))}`
  })
  return {
    'webhook-id': id,
    'webhook-timestamp': seconds,
    'webhook-signature': (await Promise.all(signatures)).join(' '),
  }
}
