import { Hono } from 'hono'
import { type ArtifactStore, artifactKeys } from '../../contracts/artifacts.ts'
import { limits } from '../../contracts/limits.ts'
import { newPredictionId } from '../../contracts/prediction-id.ts'
import { verifySignedUrl } from '../../storage/signed-url.ts'
import type { ApiDeps, ApiEnv } from '../deps.ts'
import { fieldProblem } from '../parse-body.ts'
import { Problem } from '../problem.ts'
import { sha256Hex } from '../sha256.ts'

/** `bytes=0-99` as the store takes it; anything else asks for the whole file. */
const parseRange = (header: string | undefined, bytes: number) => {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? '')
  if (!match) return undefined
  const start = Number(match[1])
  const end = Math.min(match[2] ? Number(match[2]) : bytes - 1, bytes - 1)
  return start <= end ? { start, end } : undefined
}

const serve = async (store: ArtifactStore, key: string, rangeHeader: string | undefined): Promise<Response> => {
  const info = await store.head(key)
  if (!info) throw new Problem(404, 'This file has been removed')
  const range = parseRange(rangeHeader, info.bytes)
  const artifact = await store.get(key, range)
  if (!artifact) throw new Problem(404, 'This file has been removed')
  const { start, end } = range ?? { start: 0, end: info.bytes - 1 }
  return new Response(artifact.body, {
    status: range ? 206 : 200,
    headers: {
      'content-type': info.contentType,
      'content-length': `${end - start + 1}`,
      'accept-ranges': 'bytes',
      ...(range && { 'content-range': `bytes ${start}-${end}/${info.bytes}` }),
      'cache-control': 'private, max-age=3600',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    },
  })
}

/** Files that whoever has a signed URL may fetch: no token. */
export const createSignedFileRoutes = ({ store, urlSigningKey }: ApiDeps) => {
  const app = new Hono<ApiEnv>()
  app.get('/files/:path{.+}', async (c, next) => {
    if (!c.req.query('signature')) return next()
    const granted = await verifySignedUrl({ url: c.req.url, method: c.req.method, signingKey: urlSigningKey })
    if (granted.ok) return serve(store, granted.key, c.req.header('range'))
    throw new Problem(
      403,
      granted.reason === 'expired'
        ? 'This URL has expired; fetch the prediction for a new one'
        : 'The signature is wrong',
    )
  })
  return app
}

/** Uploads, in Replicate's shape: a photo goes up once and is referred to by its URL. */
export const createUploadRoutes = ({ store, publicUrl }: ApiDeps) => {
  const app = new Hono<ApiEnv>()

  app.post('/files', async (c) => {
    const form = await c.req.raw.formData().catch((cause) => {
      throw new Problem(415, 'Send the file as multipart/form-data, in a part named content', { cause })
    })
    const content = form.get('content')
    if (!(content instanceof File)) throw fieldProblem(['body', 'content'], 'A file is required', 'missing')
    if (content.size > limits.photoBytes) {
      const message = `The file has ${content.size} bytes; at most ${limits.photoBytes} are allowed`
      throw new Problem(413, message, { errors: [{ loc: ['body', 'content'], msg: message, type: 'photo_too_large' }] })
    }
    const id = newPredictionId()
    const bytes = new Uint8Array(await content.arrayBuffer())
    const contentType = /^[\w.+-]+\/[\w.+-]+$/.test(content.type) ? content.type : 'application/octet-stream'
    await store.put(artifactKeys.upload(`${c.get('tenant')}/${id}`), bytes, { contentType })
    const sha256 = await sha256Hex(bytes)
    return c.json(
      {
        id,
        name: content.name,
        content_type: contentType,
        size: bytes.length,
        etag: sha256,
        checksums: { sha256 },
        metadata: {},
        created_at: new Date().toISOString(),
        expires_at: null,
        urls: { get: `${publicUrl}/v1/files/${id}` },
      },
      201,
    )
  })
  return app
}
