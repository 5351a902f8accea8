import { sha256Hex } from '../lib/sha256.ts'

const utf8 = new TextEncoder()

/** Longer strings are replaced by their hash, so that a photo in the body is not serialised again. */
const longStringLength = 1024

/** Prefix of hashes of the canonical form. Earlier versions stored 64 hexadecimal digits without a prefix. */
const canonicalMark = 'c1-'

/** JSON without spaces and with sorted names. A long string becomes `#` and its hash, which cannot occur in JSON. */
const canonicalJson = async (value: unknown): Promise<string> => {
  if (typeof value === 'string' && value.length > longStringLength) return `#${await sha256Hex(utf8.encode(value))}`
  if (Array.isArray(value)) return `[${(await Promise.all(value.map(canonicalJson))).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(async ([name, member]) => `${JSON.stringify(name)}:${await canonicalJson(member)}`)
  return `{${(await Promise.all(members)).join()}}`
}

/** Hash of a request to a model. It does not depend on whitespace or the order of fields. */
export const hashRequest = async (model: string, body: unknown): Promise<string> =>
  canonicalMark + (await sha256Hex(utf8.encode(await canonicalJson([model, body]))))

/** Whether `hash` is the one that earlier versions stored for this request: predictions outlive a deployment. */
export const isEarlierHash = async (hash: string | undefined, model: string, body: unknown): Promise<boolean> =>
  hash !== undefined &&
  !hash.startsWith(canonicalMark) &&
  hash === (await sha256Hex(utf8.encode(JSON.stringify([model, body]))))
