import type { Payload, PayloadCodec } from '@temporalio/common'
import { seal, unseal } from '../lib/crypto/aes-gcm.ts'
import { EncryptionError } from '../lib/crypto/encryption-error.ts'
import type { KeyRing } from '../lib/crypto/key-ring.ts'
import { decodePayload, encodePayload } from './payload-bytes.ts'

const ENCODING = 'binary/encrypted'
const KEY_ID = 'encryption-key-id'

const encoder = new TextEncoder()
const text = (bytes: Uint8Array | null | undefined) => new TextDecoder().decode(bytes ?? new Uint8Array())

const isEncrypted = (payload: Payload): boolean => text(payload.metadata?.encoding) === ENCODING

/**
 * Encrypts what Temporal keeps and carries: AES-256-GCM under the ring's active key, a fresh nonce a payload, metadata
 * included. Bound to the format, the key's id and the namespace. Not to the workflow: a schedule's arguments are encoded
 * before the server makes up the workflow's id. What is not encrypted is passed on, so that it can be turned on at any
 * time. `decode` throws `EncryptionError`.
 */
export const createPayloadCodec = (ring: KeyRing, { namespace }: { namespace: string }): PayloadCodec => {
  const context = (keyId: string) => `idem-payload/1\n${keyId}\n${namespace}`

  const encode = async (payload: Payload): Promise<Payload> => {
    const { metadata, data, ...rest } = payload
    const plain = encodePayload({ metadata: metadata ?? {}, data: data ?? new Uint8Array() })
    const key = await ring.key(ring.activeId, 'payload')
    return {
      ...rest,
      metadata: { encoding: encoder.encode(ENCODING), [KEY_ID]: encoder.encode(ring.activeId) },
      data: await seal(key, plain, context(ring.activeId)),
    }
  }

  const decode = async (payload: Payload): Promise<Payload> => {
    if (!isEncrypted(payload)) return payload
    const { metadata, data, ...rest } = payload
    const keyId = text(metadata?.[KEY_ID])
    if (!data) throw new EncryptionError('malformed', 'An encrypted payload has no data')
    const plain = await unseal(await ring.key(keyId, 'payload'), data, context(keyId))
    return { ...rest, ...decodePayload(plain) }
  }

  return {
    encode: (payloads) => Promise.all(payloads.map(encode)),
    decode: (payloads) => Promise.all(payloads.map(decode)),
  }
}
