import { sha256Hex } from '../lib/sha256.ts'

const utf8 = new TextEncoder()

/** Longer strings are replaced by their hash: a photo in the body is not serialised again. */
const longStringLength = 1024

/** Tells hashes of the canonical form from those of earlier versions, which are 64 hexadecimal digits. */
const canonicalMark = 'c1-'

/** JSON without spaces and with sorted names. A long string is `#` and its hash, which is not JSON, so nothing else looks like it. */
const canonicalJson = async (value: unknown): Promise<string> => {
  if (typeof value === 'string' && value.length > longStringLength) return `#${await sha256Hex(utf8.encode(value))}`
  if (Array.isArray(value)) return `[${(await Promise.all(value.map(canonicalJson))).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(async ([name, member]) => `${JSON.stringify(name)}:${await canonicalJson(member)}`)
  return `{${(await Promise.all(members)).join()}}`
}

/** Hash of what a request asks of a model: the same for the same JSON, whatever its spaces and the order of its fields. */
export const hashRequest = async (model: string, body: unknown): Promise<string> =>
  canonicalMark + (await sha256Hex(utf8.encode(await canonicalJson([model, body]))))

/** Whether `hash` is what versions before the canonical form stored for this request: predictions outlive a deployment. */
export const isEarlierHash = async (hash: string | undefined, model: string, body: unknown): Promise<boolean> =>
  hash !== undefined &&
  !hash.startsWith(canonicalMark) &&
  hash === (await sha256Hex(utf8.encode(JSON.stringify([model, body]))))
