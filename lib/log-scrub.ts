/** Names of fields whose value is never logged, whatever it is. */
const secretName =
  /secret|password|passphrase|authorization|cookie|signature|tokens?$|api-?_?key|encryption_?-?keys?|signing_?-?key|access_?-?key_?id|^(?:input_image|photo|photo_?-?url|data_?-?uri|embeddings?|vectors?|identity|latents?)$/i

const REDACTED = '[redacted]'
/** More numbers than a box or a size has may be a vector. */
const MAX_NUMBERS = 8
const MAX_DEPTH = 6
const MAX_TEXT = 2000

const patterns: [RegExp, string | ((match: string) => string)][] = [
  [/data:[\w.+/-]*(?:;[\w=.+-]+)*,[^\s"'<>]*/gi, (match) => `[data URI of ${match.length} characters]`],
  [/\b(?:https?|wss?|s3):\/\/[^\s"'<>)\]}]+/gi, (match) => originOf(match)],
  [/\b(?:bearer|basic)\s+[\w.~+/=-]+/gi, REDACTED],
  [/\bwhsec_[\w+/=-]+/gi, REDACTED],
  [/\b((?:x-amz-)?(?:signature|token|secret|password|credential|security-token))=[^&\s"']+/gi, REDACTED],
  // Long base64 or hex: bytes, keys, vectors. Ids and SHA-256 sums are shorter.
  [/[A-Za-z0-9+/_-]{100,}={0,2}/g, (match) => `[${match.length} characters]`],
  [/(?<!\d)(?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?\s*,\s*){8,}-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi, '[numbers]'],
]

/** Paths can name a person and queries can let anyone in: of a URL the origin is logged. */
const originOf = (url: string): string => {
  const { protocol, host } = URL.canParse(url) ? new URL(url) : { protocol: 'url:', host: '' }
  return `${protocol}//${host}/…`
}

/** Free text without URLs' paths and queries, tokens, signatures, data URIs, bytes and vectors. */
export const scrubText = (text: string): string => {
  const scrubbed = patterns.reduce((rest, [pattern, by]) => rest.replace(pattern, by as string), text)
  return scrubbed.length > MAX_TEXT ? `${scrubbed.slice(0, MAX_TEXT)}… (${scrubbed.length} characters)` : scrubbed
}

const scrubError = (error: Error, depth: number, seen: Set<object>): object => ({
  type: error.name,
  message: scrubText(error.message),
  ...(error.stack && { stack: scrubText(error.stack) }),
  ...scrubFields(error, depth, seen),
  ...(error.cause !== undefined && { cause: scrubValue(error.cause, depth + 1, seen) }),
})

const scrubFields = (object: object, depth: number, seen: Set<object>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(object).map(([name, value]) => [
      name,
      secretName.test(name) && value !== undefined && value !== null ? REDACTED : scrubValue(value, depth + 1, seen),
    ]),
  )

const scrubValue = (value: unknown, depth: number, seen: Set<object>): unknown => {
  if (typeof value === 'string') return scrubText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? '[function]' : value
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
  if (value instanceof Date) return value
  if (value instanceof URL) return scrubText(value.href)
  if (seen.has(value) || depth > MAX_DEPTH) return '[…]'
  const within = new Set(seen).add(value)
  if (value instanceof Error) return scrubError(value, depth, within)
  if (value instanceof Map) return scrubFields(Object.fromEntries(value), depth, within)
  if (Symbol.iterator in value && !Array.isArray(value))
    return scrubValue([...(value as Iterable<unknown>)], depth, seen)
  if (!Array.isArray(value)) return scrubFields(value, depth, within)
  if (value.length > MAX_NUMBERS && value.every((item) => typeof item === 'number')) return `[${value.length} numbers]`
  return value.map((item) => scrubValue(item, depth + 1, within))
}

/** A copy that is safe to log: no bytes, vectors, tokens, photo URLs or signed URLs, at any depth. */
export const scrub = (fields: object): Record<string, unknown> =>
  fields instanceof Error ? { err: scrubValue(fields, 0, new Set()) } : scrubFields(fields, 0, new Set([fields]))
