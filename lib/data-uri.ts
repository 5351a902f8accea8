import { fromBase64, fromBinaryString, toBase64 } from './base64.ts'

const header = /^data:([\w.+-]+\/[\w.+-]+)?((?:;[\w-]+=[^;,]*)*)(;base64)?,/i
const maxHeaderLength = 1024

/** A `data:` URI that holds the bytes in base64. */
export const toDataUri = (mediaType: string, bytes: Uint8Array): string => `data:${mediaType};base64,${toBase64(bytes)}`

/** RFC 3986's percent-encoding of bytes; undefined if the text is not ASCII or an escape is malformed. */
const percentDecode = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  if (/%(?![0-9a-f]{2})|[^\x20-\x7e]/i.test(text)) return undefined
  return fromBinaryString(
    text.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))),
  )
}

/** The bytes of a `data:` URI, base64 or percent-encoded; undefined if it is malformed. */
export const fromDataUri = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  const match = header.exec(text.slice(0, maxHeaderLength))
  if (!match) return undefined
  const payload = text.slice(match[0].length)
  return match[3] ? fromBase64(payload) : percentDecode(payload)
}
