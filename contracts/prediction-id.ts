import { sha256 } from '../lib/sha256.ts'

// Base32 without letters that are easily misread (Crockford's alphabet, lower case).
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
export const predictionIdLength = 26

const encode = (bytes: Uint8Array): string =>
  Array.from(bytes.subarray(0, predictionIdLength), (byte) => alphabet[byte & 31]).join('')

export const predictionIdPattern = new RegExp(`^[${alphabet}]{${predictionIdLength}}$`)

/** 130 random bits. */
export const newPredictionId = (): string => encode(crypto.getRandomValues(new Uint8Array(predictionIdLength)))

/** The same id for the same key of the same tenant. The id reveals neither of them. */
export const predictionIdFor = async (tenant: string, idempotencyKey: string): Promise<string> => {
  const text = new TextEncoder().encode(JSON.stringify(['idem prediction', tenant, idempotencyKey]))
  return encode(await sha256(text))
}
