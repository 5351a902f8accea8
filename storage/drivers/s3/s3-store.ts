import { toBase64 } from '../../../lib/base64.ts'
import { sha256 } from '../../../lib/sha256.ts'
import {
  checkExpiry,
  checkKey,
  checkLimit,
  checkPrefix,
  checkPut,
  checkRange,
  MAX_PAGE,
  rangePastEnd,
} from '../../artifact-checks.ts'
import { measuredStream } from '../../measured-stream.ts'
import type { ArtifactInfo, ArtifactStore } from '../../store.ts'
import { createS3Client, type S3ClientOptions } from './s3-client.ts'
import { PART_BYTES, partsOf, putMultipart } from './s3-multipart.ts'
import { deleteBody, parseDelete, parseList, s3ErrorCode } from './s3-xml.ts'

export interface S3StoreOptions extends S3ClientOptions {
  /** Size of the parts that a stream, or more than `multipartBytes`, is stored in. */
  partBytes?: number
  multipartBytes?: number
}

const MULTIPART_BYTES = 100 * 1000 * 1000

/** The size of the whole artifact, of a 200 or of the very range asked for; undefined where the headers do not say. */
const sizeOf = (headers: Headers, start?: number) => {
  const length = /^\d+$/.test(headers.get('content-length') ?? '') ? Number(headers.get('content-length')) : undefined
  if (start === undefined) return length === undefined ? undefined : { whole: length, part: length }
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get('content-range') ?? '')
  if (!match || Number(match[1]) !== start) return undefined
  const part = Number(match[2]) - start + 1
  return length === undefined || length === part ? { whole: Number(match[3]), part } : undefined
}

/** Artifacts in a bucket of any server that speaks S3. Web standards only, so that it runs at the edge too. */
export const createS3Store = (options: S3StoreOptions): ArtifactStore => {
  const { partBytes = PART_BYTES, multipartBytes = MULTIPART_BYTES, location } = options
  const client = createS3Client(options)
  const { request, failure } = client
  const encryption: Record<string, string> = {
    ...(location.encryption && { 'x-amz-server-side-encryption': location.encryption }),
    ...(location.kmsKeyId && { 'x-amz-server-side-encryption-aws-kms-key-id': location.kmsKeyId }),
  }

  const infoOf = (key: string, headers: Headers, bytes: number): ArtifactInfo => ({
    key,
    bytes,
    contentType: headers.get('content-type') ?? 'application/octet-stream',
    modifiedAt: new Date(headers.get('last-modified') ?? Date.now()),
  })

  const head = async (key: string): Promise<ArtifactInfo | undefined> => {
    checkKey(key)
    const attempt = `look up ${key}`
    const answer = await request({ attempt, method: 'HEAD', key, expect: [404] })
    if (answer.status === 404) return undefined
    const size = sizeOf(answer.headers)
    if (!size) throw failure(attempt, 'the server does not return its size', true)
    return infoOf(key, answer.headers, size.whole)
  }

  return {
    head,

    async put(key, body, putOptions) {
      checkPut(key, putOptions)
      const { contentType, ifAbsent = false } = putOptions
      const attempt = `store ${key}`
      if (ifAbsent && !(body instanceof Uint8Array) && (await head(key))) {
        await body.cancel()
        return 'kept'
      }
      const create = { 'content-type': contentType, ...encryption }
      const condition: Record<string, string> = ifAbsent ? { 'if-none-match': '*' } : {}
      const whole = body instanceof Uint8Array && body.length <= multipartBytes
      const parts = whole ? undefined : partsOf(body, partBytes)
      try {
        const first = parts ? (await parts.next()).value! : new Uint8Array(body as Uint8Array)
        // A stream that ends within its first part is small after all.
        if (!parts || first.length < partBytes) {
          const headers = { ...create, ...condition }
          const answer = await request({ attempt, method: 'PUT', key, headers, body: first, expect: [412] })
          await answer.body?.cancel()
          return answer.status === 412 ? 'kept' : 'written'
        }
        const all = (async function* () {
          yield first
          yield* parts
        })()
        return (await putMultipart(client, key, all, { create, complete: condition })) ? 'written' : 'kept'
      } catch (error) {
        if (error instanceof Error && error.name === 'ArtifactStoreError') throw error
        throw failure(attempt, 'the stream ended early', true, error)
      }
    },

    async get(key, range) {
      checkKey(key)
      if (range) checkRange(range)
      const attempt = `read ${key}`
      const headers: Record<string, string> = range ? { range: `bytes=${range.start}-${range.end ?? ''}` } : {}
      const answer = await request({ attempt, method: 'GET', key, headers, expect: [404, 416] })
      if (answer.status === 404) {
        const code = s3ErrorCode(await answer.text())
        if (code === 'NoSuchBucket') throw failure(attempt, 'the server answered 404 NoSuchBucket', false)
        return undefined
      }
      if (answer.status === 416) {
        await answer.body?.cancel()
        throw rangePastEnd(key, range?.start ?? 0)
      }
      const size = answer.status === (range ? 206 : 200) ? sizeOf(answer.headers, range?.start) : undefined
      if (!size) {
        await answer.body?.cancel()
        throw failure(attempt, 'the response does not match the request', true)
      }
      const body = answer.body ?? new Response('').body!
      return {
        ...infoOf(key, answer.headers, size.whole),
        body: measuredStream(body, { key, bytes: size.part, timeoutMs: client.timeoutMs }),
      }
    },

    async list(prefix, { cursor, limit } = {}) {
      checkPrefix(prefix)
      const attempt = `list ${prefix}`
      const query: Record<string, string> = {
        'list-type': '2',
        'max-keys': String(checkLimit(limit)),
        prefix: client.prefix + prefix,
        ...(cursor !== undefined && { 'continuation-token': cursor }),
      }
      const answer = await request({ attempt, method: 'GET', query })
      const page = parseList(await answer.text())
      if (!page) throw failure(attempt, 'the response is not a list', true)
      const ours = page.artifacts.map((artifact) => ({ ...artifact, key: artifact.key.slice(client.prefix.length) }))
      return { ...page, artifacts: ours }
    },

    async delete(keys) {
      for (const key of keys) checkKey(key)
      for (let at = 0; at < keys.length; at += MAX_PAGE) {
        const attempt = 'delete artifacts'
        const batch = keys.slice(at, at + MAX_PAGE).map((key) => client.prefix + key)
        const body = new TextEncoder().encode(deleteBody(batch))
        const checksum = toBase64(await sha256(body))
        const headers = { 'content-type': 'application/xml', 'x-amz-checksum-sha256': checksum }
        const answer = await request({ attempt, method: 'POST', query: { delete: '' }, headers, body })
        const failed = parseDelete(await answer.text())
        if (!failed) throw failure(attempt, 'the response does not list what was deleted', true)
        const [one] = failed.filter(({ code }) => code !== 'NoSuchKey')
        if (one) throw failure(`delete ${one.key.slice(client.prefix.length)}`, one.code, one.code !== 'AccessDenied')
      }
    },

    async signGet(key, { expiresInSeconds }) {
      checkKey(key)
      checkExpiry(expiresInSeconds)
      return client.presign('GET', key, expiresInSeconds)
    },

    async signPut(key, { expiresInSeconds, contentType }) {
      checkPut(key, { contentType })
      checkExpiry(expiresInSeconds)
      return client.presign('PUT', key, expiresInSeconds, { 'content-type': contentType })
    },
  }
}
