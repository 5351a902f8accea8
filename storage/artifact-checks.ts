import { ArtifactStoreError, type PutOptions } from './store.ts'

/** S3 lists and deletes at most 1000 keys a call. */
export const MAX_PAGE = 1000
/** S3 refuses longer keys and longer lives of a signed URL (seven days). */
const MAX_KEY_BYTES = 1024
const MAX_SIGNED_SECONDS = 7 * 24 * 3600

/** No leading dot: `.` and `..` are no names, and the file driver keeps its temporary files in a dot folder. */
const segment = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}$/
const mediaType = /^[\w.+-]+\/[\w.+-]+(?:\s*;[\x20-\x7e]*)?$/

const refuse = (message: string) => new ArtifactStoreError(message, { retryable: false })

export const isArtifactKey = (key: string): boolean =>
  key.length <= MAX_KEY_BYTES && key.split('/').every((name) => segment.test(name))

/** Throws `ArtifactStoreError` unless the key may name an artifact. */
export const checkKey = (key: string): void => {
  if (!isArtifactKey(key)) throw refuse(`Not an artifact key: ${JSON.stringify(key.slice(0, 120))}`)
}

/** A prefix is the start of a key, in the middle of a segment too; the empty one lists everything. */
export const checkPrefix = (prefix: string): void => {
  const whole = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix
  if (prefix !== '' && !isArtifactKey(whole)) throw refuse(`Not a key prefix: ${JSON.stringify(prefix.slice(0, 120))}`)
}

export const checkPut = (key: string, { contentType }: PutOptions): void => {
  checkKey(key)
  if (contentType.length > 255 || !mediaType.test(contentType)) {
    throw refuse(`Not a content type: ${JSON.stringify(contentType.slice(0, 120))}`)
  }
}

/** The page size to use: `limit` where it is in [1, 1000], else an error. */
export const checkLimit = (limit = MAX_PAGE): number => {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE) return limit
  throw refuse(`A page must have 1 to ${MAX_PAGE} artifacts, not ${limit}`)
}

export const checkRange = ({ start, end }: { start: number; end?: number }): void => {
  const last = end ?? start
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(last) || start < 0 || last < start) {
    throw refuse(`Not a range of bytes: ${start}-${end ?? ''}`)
  }
}

export const rangePastEnd = (key: string, start: number): ArtifactStoreError =>
  refuse(`${key} ends before byte ${start}`)

export const checkExpiry = (seconds: number): void => {
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_SIGNED_SECONDS) return
  throw refuse(`A signed URL must be valid for 1 to ${MAX_SIGNED_SECONDS} seconds, not ${seconds}`)
}
