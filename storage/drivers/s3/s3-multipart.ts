import { ArtifactStoreError } from '../../store.ts'
import type { S3Client } from './s3-client.ts'
import { completeBody, isCompleted, parseUploadId, s3ErrorCode } from './s3-xml.ts'

/** S3 takes parts of 5 MiB and up, 10,000 of them: up to 160 GB an artifact. */
export const PART_BYTES = 16 * 1024 * 1024

type Part = Uint8Array<ArrayBuffer>

/** Cuts bytes or a stream in parts of `partBytes`; the last one is shorter. Nothing gives one empty part. */
export async function* partsOf(body: Uint8Array | ReadableStream<Uint8Array>, partBytes: number): AsyncGenerator<Part> {
  let part = new Uint8Array(partBytes)
  let filled = 0
  let yielded = 0
  for await (const chunk of body instanceof Uint8Array ? [body] : body) {
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + partBytes - filled)
      part.set(piece, filled)
      filled += piece.length
      at += piece.length
      if (filled < partBytes) continue
      yield part
      yielded += 1
      part = new Uint8Array(partBytes)
      filled = 0
    }
  }
  if (filled > 0 || yielded === 0) yield part.slice(0, filled)
}

/** Stores `parts` as one artifact; a failure leaves nothing behind. False where `headers` ask for an absent one. */
export const putMultipart = async (
  { request, failure }: S3Client,
  key: string,
  parts: AsyncIterable<Part>,
  headers: { create: Record<string, string>; complete: Record<string, string> },
): Promise<boolean> => {
  const attempt = `store ${key}`
  const created = await request({ attempt, method: 'POST', key, query: { uploads: '' }, headers: headers.create })
  const uploadId = parseUploadId(await created.text())
  if (!uploadId) throw failure(attempt, 'the server did not start the upload', true)
  try {
    const etags: string[] = []
    let bytes = 0
    for await (const body of parts) {
      const query = { partNumber: String(etags.length + 1), uploadId }
      const stored = await request({ attempt, method: 'PUT', key, query, body })
      await stored.body?.cancel()
      const etag = stored.headers.get('etag')
      if (!etag) throw failure(attempt, 'the server did not return the ETag of a part', true)
      etags.push(etag)
      bytes += body.length
    }
    const body = new TextEncoder().encode(completeBody(etags))
    const query = { uploadId }
    const done = await request({
      attempt,
      method: 'POST',
      key,
      query,
      headers: headers.complete,
      body,
      expect: [404, 412],
    })
    const xml = await done.text()
    if (done.status === 412) {
      await request({ attempt, method: 'DELETE', key, query, expect: [404] })
      return false
    }
    // 404: a lost answer of an earlier try; the size tells.
    if (done.status !== 404 && !isCompleted(xml)) {
      throw failure(attempt, `the upload was not completed${s3ErrorCode(xml) ? `: ${s3ErrorCode(xml)}` : ''}`, true)
    }
    const found = await request({ attempt, method: 'HEAD', key })
    if (Number(found.headers.get('content-length')) !== bytes) {
      throw failure(attempt, `the server keeps ${found.headers.get('content-length')} of ${bytes} bytes`, true)
    }
    return true
  } catch (error) {
    await request({ attempt, method: 'DELETE', key, query: { uploadId }, expect: [404] }).catch(() => undefined)
    throw error instanceof ArtifactStoreError ? error : failure(attempt, 'the stream ended early', true, error)
  }
}
