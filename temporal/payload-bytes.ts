import { EncryptionError } from '../lib/crypto/encryption-error.ts'

/** `temporal.api.common.v1.Payload`, as far as it is encrypted. */
export interface PlainPayload {
  metadata: Record<string, Uint8Array>
  data: Uint8Array
}

// Protobuf's wire format, of the one message `Payload { map<string, bytes> metadata = 1; bytes data = 2; }`, so that
// the edge needs no protobuf library: https://protobuf.dev/programming-guides/encoding
const FIELD_1 = 0x0a
const FIELD_2 = 0x12

const varint = (value: number): number[] => {
  const out: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...out, rest]
    out.push((rest % 128) | 128)
  }
}

const concat = (parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> => {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

const field = (tag: number, bytes: Uint8Array) => concat([[tag], varint(bytes.length), bytes])

export const encodePayload = ({ metadata, data }: PlainPayload): Uint8Array<ArrayBuffer> => {
  const entries = Object.entries(metadata).map(([name, value]) =>
    field(FIELD_1, concat([field(FIELD_1, new TextEncoder().encode(name)), field(FIELD_2, value)])),
  )
  return concat([...entries, field(FIELD_2, data)])
}

const malformed = () => new EncryptionError('malformed', 'The encrypted bytes hold no payload')

/** The length-delimited fields 1 and 2 of a message, in their order. */
function* fieldsOf(bytes: Uint8Array): Generator<[tag: number, value: Uint8Array]> {
  let at = 0
  while (at < bytes.length) {
    const tag = bytes[at++]!
    let length = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]
      if (byte === undefined || scale > 128 ** 4) throw malformed()
      length += (byte & 127) * scale
      if (byte < 128) break
    }
    if ((tag !== FIELD_1 && tag !== FIELD_2) || at + length > bytes.length) throw malformed()
    yield [tag, bytes.subarray(at, at + length)]
    at += length
  }
}

/** Throws `EncryptionError` `malformed`. */
export const decodePayload = (bytes: Uint8Array): PlainPayload => {
  const metadata: Record<string, Uint8Array> = {}
  let data: Uint8Array = new Uint8Array()
  for (const [tag, value] of fieldsOf(bytes)) {
    if (tag === FIELD_2) {
      data = value
      continue
    }
    const entry = Object.fromEntries(fieldsOf(value))
    metadata[new TextDecoder().decode(entry[FIELD_1])] = entry[FIELD_2] ?? new Uint8Array()
  }
  return { metadata, data }
}
