import {
  getMultipartBoundary,
  MaxFileSizeExceededError,
  type MultipartPart,
  parseMultipart,
} from '@remix-run/multipart-parser'
import { Problem } from './problem.ts'

/** A field of a form; one with a file name is a file. */
export interface FormPart {
  readonly fileName: string | undefined
  /** Its media type. */
  readonly type: string | undefined
  readonly bytes: Uint8Array
}

const maxParts = 16
const maxPartHeaderBytes = 8 * 1024
/** RFC 2046, 5.1.1 */
const maxBoundaryLength = 70

const malformed = (cause: unknown) =>
  new Problem(400, `The multipart form cannot be read: ${(cause as Error).message}`, { cause })

/** What comes before the first boundary means nothing (RFC 2046, 5.1.1), but parsers of forms do not expect it. */
const withoutPreamble = (body: Uint8Array, boundary: string): Uint8Array => {
  const first = new TextEncoder().encode(`\r\n--${boundary}`)
  // A boundary at the very start has no line break before it.
  if (first.subarray(2).every((byte, index) => body[index] === byte)) return body
  const last = body.length - first.length
  for (let at = body.indexOf(first[0]!); at !== -1 && at <= last; at = body.indexOf(first[0]!, at + 1)) {
    if (first.every((byte, index) => body[at + index] === byte)) return body.subarray(at + 2)
  }
  return body
}

// One chunk is a view of the body; `part.bytes` would copy a photo.
const bytesOf = (part: MultipartPart): Uint8Array => (part.content.length === 1 ? part.content[0]! : part.bytes)

/**
 * The fields of a multipart form by their names, the first one of each name. Throws a 400, 413 or 415 problem.
 *
 * @example
 * const form = parseForm(await readBytes(c, limits.requestBytes), c.req.header('content-type'), { maxFileBytes })
 * form.get('content')?.bytes
 */
export const parseForm = (
  body: Uint8Array,
  contentType: string | undefined,
  { maxFileBytes }: { maxFileBytes: number },
): ReadonlyMap<string, FormPart> => {
  const isForm = contentType && /^multipart\/form-data\s*(;|$)/i.test(contentType)
  const boundary = isForm && getMultipartBoundary(contentType)?.trim()
  if (!boundary || boundary.length > maxBoundaryLength) {
    throw new Problem(415, 'Send multipart/form-data with the file in a part named content')
  }
  const form = new Map<string, FormPart>()
  const bounds = { boundary, maxParts, maxHeaderSize: maxPartHeaderBytes, maxFileSize: maxFileBytes }
  try {
    for (const part of parseMultipart(withoutPreamble(body, boundary), { ...bounds, maxTotalSize: body.length })) {
      if (part.name === undefined || form.has(part.name)) continue
      form.set(part.name, { fileName: part.filename, type: part.mediaType, bytes: bytesOf(part) })
    }
  } catch (error) {
    if (!(error instanceof MaxFileSizeExceededError)) throw malformed(error)
    const msg = `The file is too large; at most ${maxFileBytes} bytes are allowed`
    throw new Problem(413, msg, { errors: [{ loc: ['body'], msg, type: 'photo_too_large' }] })
  }
  return form
}
