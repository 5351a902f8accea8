import { toHex } from './hex.ts'

export const sha256 = async (bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))

/** SHA-256 in hexadecimal. */
export const sha256Hex = async (bytes: Uint8Array): Promise<string> => toHex(await sha256(bytes))
