import { fromBase64, toBase64 } from './base64.ts'

const header = /^data:([\w.+-]+\/[\w.+-]+)?((?:;[\w-]+=[^;,]*)*)(;base64)?,/i
const maxHeaderLength = 1024

/** A `data:` URI that holds the bytes in base64. */
export const toDataUri = (mediaType: string, bytes: Uint8Array): string => `data:${mediaType};base64,${toBase64(bytes)}`

const percent = 0x25

/** The value of the character code of a hexadecimal digit; undefined for any other character. */
const hexDigit = (code: number): number | undefined => {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined
}

/** RFC 3986's percent-encoding of bytes; undefined if the text is not ASCII or an escape is malformed. */
const percentDecode = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  const bytes = new Uint8Array(text.length)
  let size = 0
  // A loop: a function call for each escape of a photo takes seconds.
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x20 || code > 0x7e) return undefined
    if (code !== percent) bytes[size++] = code
    else {
      const [high, low] = [hexDigit(text.charCodeAt(at + 1)), hexDigit(text.charCodeAt(at + 2))]
      if (high === undefined || low === undefined) return undefined
      bytes[size++] = high * 16 + low
      at += 2
    }
  }
  return bytes.subarray(0, size)
}

/** The bytes of a `data:` URI, base64 or percent-encoded; undefined if it is malformed. */
export const fromDataUri = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  const match = header.exec(text.slice(0, maxHeaderLength))
  if (!match) return undefined
  const payload = text.slice(match[0].length)
  return match[3] ? fromBase64(payload) : percentDecode(payload)
}
