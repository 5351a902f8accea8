import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common'
import type { AcceptedPayloads } from '../lib/accepted-payloads.ts'
import { seal, unseal } from '../lib/crypto/aes-gcm.ts'
import { EncryptionError } from '../lib/crypto/encryption-error.ts'
import type { KeyRing } from '../lib/crypto/key-ring.ts'
import { decodePayload, encodePayload } from './payload-bytes.ts'

const ENCODING = 'binary/encrypted'
const KEY_ID = 'encryption-key-id'
/** The place that a payload is sealed for. Earlier releases bound payloads to no place and did not have it. */
const PLACE = 'sealed-for'

const encoder = new TextEncoder()
const text = (bytes: Uint8Array | null | undefined) => new TextDecoder().decode(bytes ?? new Uint8Array())

/** What the server itself writes: why a step was canceled that no worker had started. It says nothing that can be forged. */
const serversWord = '"ACTIVITY_ID_NOT_STARTED"'

const isServersWord = ({ metadata, data }: Payload): boolean =>
  text(metadata?.encoding) === 'json/plain' && text(data) === serversWord

const isEncrypted = (payload: Payload): boolean => text(payload.metadata?.encoding) === ENCODING

/**
 * The id that a workflow's payloads are bound to. The server adds the time to the ids of scheduled workflows, after their
 * arguments were encrypted, and hands the result of one run to the next: they are bound to the id without it.
 */
const boundId = (workflowId = ''): string => workflowId.replace(/-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, '')

/** What the SDK knows of a payload's place: its workflow, and the id of its step. */
const placeOf = (context: SerializationContext | undefined): string => {
  if (!context) return 'none'
  if (context.type === 'workflow') return `workflow\n${boundId(context.workflowId)}`
  return `activity\n${boundId(context.workflowId)}\n${context.activityId ?? ''}`
}

export interface PayloadCodecOptions {
  namespace: string
  /** What is decoded; only what is sealed for its place if omitted. */
  accept?: AcceptedPayloads
}

const createCipher = (ring: KeyRing, namespace: string) => {
  const bound = (keyId: string, place: string) => `idem-payload/2\n${keyId}\n${namespace}\n${place}`
  const unbound = (keyId: string) => `idem-payload/1\n${keyId}\n${namespace}`

  return {
    encrypt: async (payload: Payload, place: string): Promise<Payload> => {
      const { metadata, data, ...rest } = payload
      const plain = encodePayload({ metadata: metadata ?? {}, data: data ?? new Uint8Array() })
      const key = await ring.key(ring.activeId, 'payload')
      return {
        ...rest,
        metadata: {
          encoding: encoder.encode(ENCODING),
          [KEY_ID]: encoder.encode(ring.activeId),
          [PLACE]: encoder.encode(place),
        },
        data: await seal(key, plain, bound(ring.activeId, place)),
      }
    },

    /** By the place that the payload itself names. */
    decrypt: async ({ metadata, data, ...rest }: Payload): Promise<Payload> => {
      const keyId = text(metadata?.[KEY_ID])
      const place = metadata?.[PLACE]
      if (!data) throw new EncryptionError('malformed', 'An encrypted payload has no data')
      const context = place ? bound(keyId, text(place)) : unbound(keyId)
      const plain = await unseal(await ring.key(keyId, 'payload'), data, context)
      return { ...rest, ...decodePayload(plain) }
    },
  }
}

const refusal = {
  unencrypted: 'A payload is not encrypted: it was not written by this service. See IDEM_ACCEPT_OLD_PAYLOADS',
  unbound: 'A payload was encrypted by an earlier release, for no place. See IDEM_ACCEPT_OLD_PAYLOADS',
  misplaced: 'A payload was encrypted for another workflow or step than the one where it is',
} as const

const refuse = (problem: keyof typeof refusal) => new EncryptionError(problem, refusal[problem])

/**
 * Encrypts what Temporal keeps and carries: AES-256-GCM under the ring's active key, a fresh nonce per payload, metadata
 * included. A payload is bound to the format, the key's id, the namespace, its workflow and its step, and is decoded only
 * there: whoever reaches Temporal without a key can neither write one nor move one. `decode` throws `EncryptionError`.
 */
export const createPayloadCodec = (
  ring: KeyRing,
  { namespace, accept = 'sealed' }: PayloadCodecOptions,
): PayloadCodec => {
  const { encrypt, decrypt } = createCipher(ring, namespace)

  const check = (payload: Payload, place: string): void => {
    const sealedFor = payload.metadata?.[PLACE]
    if (!sealedFor && accept === 'sealed') throw refuse('unbound')
    if (sealedFor && text(sealedFor) !== place) throw refuse('misplaced')
  }

  const decode = async (payload: Payload, place: string): Promise<Payload> => {
    if (isEncrypted(payload)) {
      check(payload, place)
      return decrypt(payload)
    }
    if (accept === 'plaintext' || isServersWord(payload)) return payload
    throw refuse('unencrypted')
  }

  return {
    encode: (payloads, context) => Promise.all(payloads.map((payload) => encrypt(payload, placeOf(context)))),
    decode: (payloads, context) => Promise.all(payloads.map((payload) => decode(payload, placeOf(context)))),
  }
}

/** Shows payloads to people, who ask without saying where they lie: also old ones and those that are not encrypted. */
export type PayloadViewer = Pick<PayloadCodec, 'decode'>

export const createPayloadViewer = (ring: KeyRing, { namespace }: { namespace: string }): PayloadViewer => {
  const { decrypt } = createCipher(ring, namespace)
  return {
    decode: (payloads) =>
      Promise.all(payloads.map(async (payload) => (isEncrypted(payload) ? decrypt(payload) : payload))),
  }
}
