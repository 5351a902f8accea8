import type { Payload, PayloadCodec } from '@temporalio/common'
import { fromBase64, toBase64 } from '../lib/base64.ts'
import { mapValues } from '../lib/map-values.ts'
import type { Decode, WirePayload } from './messages.ts'
import { contextOf, type Place } from './place.ts'

/** A payload in protobuf's JSON. */
export interface JsonPayload {
  metadata: Record<string, string>
  data?: string
}

const encoder = new TextEncoder()
const text = (bytes: Uint8Array | null | undefined) => new TextDecoder().decode(bytes ?? new Uint8Array())

const bytesOf = (value: Uint8Array | string | null | undefined): Uint8Array =>
  typeof value === 'string' ? (fromBase64(value) ?? new Uint8Array()) : (value ?? new Uint8Array())

const payloadOf = (
  encoding: string,
  data: Uint8Array = new Uint8Array(),
  more: Record<string, string> = {},
): Payload => ({
  metadata: Object.fromEntries(
    Object.entries({ encoding, ...more }).map(([name, value]) => [name, encoder.encode(value)]),
  ),
  data,
})

const fromWire = ({ metadata, data }: WirePayload): Payload => ({
  metadata: mapValues(metadata ?? {}, bytesOf),
  data: bytesOf(data),
})

const toWire = ({ metadata, data }: Payload): JsonPayload => ({
  metadata: mapValues(metadata ?? {}, (value) => toBase64(value)),
  ...(data?.length && { data: toBase64(data) }),
})

const toPayload = (value: unknown): Payload => {
  if (value === undefined) return payloadOf('binary/null')
  if (value instanceof Uint8Array) return payloadOf('binary/plain', value)
  return payloadOf('json/plain', encoder.encode(JSON.stringify(value)))
}

const toValue = ({ metadata, data }: Payload): unknown => {
  const encoding = text(metadata?.encoding)
  if (encoding === 'json/plain') return JSON.parse(text(data))
  if (encoding === 'binary/null') return undefined
  if (encoding === 'binary/plain') return data
  throw new Error(`Unknown encoding of a payload: ${JSON.stringify(encoding.slice(0, 64))}`)
}

/** A search attribute, as the SDK's typed ones are sent: readable for the server, so no codec. */
export const keywordPayload = (value: string): JsonPayload =>
  toWire(payloadOf('json/plain', encoder.encode(JSON.stringify(value)), { type: 'Keyword' }))

export interface Payloads {
  encode(values: readonly unknown[], place: Place): Promise<JsonPayload[]>
  decode: Decode
}

/** Values to payloads and back as the SDK's default converter does it, with a codec outside; no SDK, so for the edge. */
export const createPayloads = ({ encode, decode }: PayloadCodec, { namespace }: { namespace: string }): Payloads => ({
  encode: async (values, place) => (await encode(values.map(toPayload), contextOf(namespace, place))).map(toWire),
  decode: async (payloads, place) =>
    (await decode((payloads ?? []).map(fromWire), contextOf(namespace, place))).map(toValue),
})
