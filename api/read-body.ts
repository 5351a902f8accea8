import type { Context } from 'hono'
import { limits } from '../contracts/limits.ts'
import { type JsonBounds, JsonTooLarge, parseJson } from '../lib/parse-json.ts'
import { Problem } from './problem.ts'

/** Up to this size, the runtime's own way is faster; above it, a buffer of the right size saves copies. */
const smallBytes = 256 * 1024

const tooLarge = (maxBytes: number) =>
  new Problem(413, `The request body is too large; at most ${maxBytes} bytes are allowed`)

/** A buffer that holds `needed` bytes, with what was in `buffer`. */
const grow = (buffer: Uint8Array<ArrayBuffer>, needed: number, maxBytes: number): Uint8Array<ArrayBuffer> => {
  if (needed <= buffer.length) return buffer
  const grown = new Uint8Array(Math.min(maxBytes, Math.max(needed, buffer.length * 2)))
  grown.set(buffer)
  return grown
}

const readStream = async (
  body: ReadableStream<Uint8Array>,
  { expected, maxBytes }: { expected: number; maxBytes: number },
): Promise<Uint8Array<ArrayBuffer>> => {
  const reader = body.getReader()
  let buffer = new Uint8Array(expected)
  let size = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return buffer.subarray(0, size)
      if (size + value.length > maxBytes) throw tooLarge(maxBytes)
      buffer = grow(buffer, size + value.length, maxBytes)
      buffer.set(value, size)
      size += value.length
    }
  } finally {
    // Whatever is left is for the server to deal with.
    reader.releaseLock()
  }
}

/**
 * The body of a request. It is read here and nowhere else, by handlers, so after authentication. Throws a 413 problem as soon
 * as there are too many bytes, and a 400 problem if the client stops in the middle.
 */
export const readBytes = async ({ req: { raw } }: Context, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> => {
  const announced = raw.headers.has('transfer-encoding') ? undefined : (raw.headers.get('content-length') ?? undefined)
  const expected = Number(announced ?? 0)
  if (expected > maxBytes) throw tooLarge(maxBytes)
  try {
    if (announced !== undefined && expected <= smallBytes) return new Uint8Array(await raw.arrayBuffer())
    return raw.body ? await readStream(raw.body, { expected, maxBytes }) : new Uint8Array()
  } catch (cause) {
    if (cause instanceof Problem) throw cause
    throw new Problem(400, 'The request ended before its body did', { cause })
  }
}

/** The JSON in some bytes. Throws a 400 problem, or 422 if it has too many values or is nested too deep. */
export const toJson = (
  bytes: Uint8Array,
  { maxValues = limits.jsonValues, maxDepth = limits.jsonDepth }: Partial<JsonBounds> = {},
): unknown => {
  try {
    return parseJson(new TextDecoder().decode(bytes), { maxValues, maxDepth })
  } catch (cause) {
    if (cause instanceof JsonTooLarge) throw new Problem(422, cause.message, { cause })
    throw new Problem(400, 'The body is not valid JSON', { cause })
  }
}

/** The JSON of a request. Throws a 400, 413, 415 or 422 problem. */
export const readJson = async (c: Context): Promise<unknown> => {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') {
    throw new Problem(
      415,
      type
        ? `The content type is ${type}; send application/json`
        : 'The content type is missing; send application/json',
    )
  }
  return toJson(await readBytes(c, limits.requestBytes))
}
