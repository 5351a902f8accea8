import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { artifactKeys } from '../../contracts/artifact-keys.ts'
import { limits } from '../../contracts/limits.ts'
import { newPredictionId, predictionIdPattern } from '../../contracts/prediction-id.ts'
import { boundedRecord } from '../../lib/bounded-schema.ts'
import { createBudget } from '../../lib/budget.ts'
import { sha256Hex } from '../../lib/sha256.ts'
import type { PublishedFiles } from '../../storage/published-files.ts'
import { putJson, readJson } from '../../storage/store.ts'
import type { ApiDeps, ApiEnv } from '../deps.ts'
import { document, idParam, jsonOf, pageOf, problems } from '../document.ts'
import { listUploads } from '../list-uploads.ts'
import { type FormPart, parseForm } from '../multipart.ts'
import { pageQuery, urlsOfNeighbours } from '../page-query.ts'
import { fieldProblem } from '../parse-body.ts'
import { Problem } from '../problem.ts'
import { readBytes, toJson } from '../read-body.ts'
import { createRouter } from '../router.ts'
import { createUploadLimit } from '../upload-limit.ts'

/** Parses `bytes=0-99`; for anything else the whole file is returned. */
const parseRange = (header: string | undefined, bytes: number) => {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? '')
  if (!match) return undefined
  const start = Number(match[1])
  const end = Math.min(match[2] ? Number(match[2]) : bytes - 1, bytes - 1)
  return start <= end ? { start, end } : undefined
}

const serve = async (files: PublishedFiles, key: string, rangeHeader: string | undefined): Promise<Response> => {
  const info = await files.head(key)
  if (!info) throw new Problem(404, 'This file has been removed')
  const range = parseRange(rangeHeader, info.bytes)
  const artifact = await files.get(key, range)
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

/** Serves published files to requests whose URL was signed for them. */
export const createSignedFileRoutes = ({ published }: Pick<ApiDeps, 'published'>): OpenAPIHono<ApiEnv> => {
  const app = createRouter()
  app.get('/files/:path{.+}', async (c, next) => {
    const key = c.get('signedKey')
    return key === undefined ? next() : serve(published, key, c.req.header('range'))
  })
  return app
}

const fileSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    content_type: z.string(),
    size: z.int(),
    etag: z.string(),
    checksums: z.object({ sha256: z.string() }),
    metadata: z.record(z.string(), z.unknown()),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime(),
    urls: z.object({ get: z.url() }),
  })
  .openapi('File')
type FileInfo = z.infer<typeof fileSchema>

const listRoute = createRoute({
  method: 'get',
  path: '/files',
  operationId: 'files.list',
  summary: 'List uploaded files, newest first',
  request: { query: z.object(pageQuery) },
  responses: {
    200: jsonOf(pageOf(fileSchema), 'A page of uploaded files, and the URLs of its neighbours'),
    ...problems(422),
  },
})

const getRoute = createRoute({
  method: 'get',
  path: '/files/{id}',
  operationId: 'files.get',
  summary: 'Get the metadata of an uploaded file; the content is only used by predictions',
  request: { params: idParam },
  responses: { 200: jsonOf(fileSchema, 'The file'), ...problems(404) },
})

const deleteRoute = createRoute({
  method: 'delete',
  path: '/files/{id}',
  operationId: 'files.delete',
  summary: 'Delete an uploaded file',
  request: { params: idParam },
  responses: { 204: { description: 'Deleted' }, ...problems(404) },
})

const maxMetadataBytes = 16 * 1024
const maxMetadataFields = 256
export const metadataSchema = boundedRecord(z.unknown(), { max: maxMetadataFields })
const maxNameLength = 255
/** Of a page's files. */
const readsAtOnce = 16
const contentType = /^[\w.+-]+\/[\w.+-]+$/

const readMetadata = (part: FormPart | undefined): Record<string, unknown> => {
  const refuse = (msg: string) => fieldProblem(['body', 'metadata'], msg, 'metadata_invalid')
  if (!part) return {}
  if (part.bytes.length > maxMetadataBytes) throw refuse(`At most ${maxMetadataBytes} bytes`)
  try {
    return metadataSchema.parse(toJson(part.bytes))
  } catch (error) {
    throw refuse(error instanceof Problem && error.status === 422 ? error.message : 'Not a JSON object')
  }
}

/** Uploads, as in Replicate's API: a photo is uploaded once, and predictions refer to its URL until it expires. */
export const createUploadRoutes = ({
  store,
  publicUrl,
  retentionMs,
  limits: { maxUploadBytes },
}: ApiDeps): OpenAPIHono<ApiEnv> => {
  const app = createRouter()
  const uploads = createUploadLimit(store, maxUploadBytes)

  const read = async (tenant: string, id: string): Promise<FileInfo | undefined> => {
    if (!predictionIdPattern.test(id)) return undefined
    const info = (await readJson(store, artifactKeys.uploadInfo(tenant, id))) as FileInfo | undefined
    return info && Date.parse(info.expires_at) > Date.now() ? info : undefined
  }
  const find = async (tenant: string, id: string): Promise<FileInfo> => {
    const info = await read(tenant, id)
    if (!info) throw new Problem(404, 'File not found')
    return info
  }

  const remove = async (tenant: string, id: string): Promise<void> => {
    await store.shred(id)
    await store.delete([artifactKeys.upload(tenant, id), artifactKeys.uploadInfo(tenant, id)])
  }

  document(app, {
    method: 'post',
    path: '/files',
    operationId: 'files.create',
    summary: 'Upload a photo, to be used by its URL as input_image',
    request: {
      body: {
        required: true,
        content: {
          'multipart/form-data': {
            schema: {
              type: 'object',
              properties: {
                content: { type: 'string', format: 'binary', minLength: 1 },
                metadata: { type: 'object', description: 'Any JSON object; it is returned with the file' },
              },
              required: ['content'],
            },
            encoding: { metadata: { contentType: 'application/json' } },
          },
        },
      },
    },
    responses: { 201: jsonOf(fileSchema, 'The file'), ...problems(400, 413, 415, 422) },
  })
  app.post('/files', async (c) => {
    const body = await readBytes(c, limits.requestBytes)
    const form = parseForm(body, c.req.header('content-type'), { maxFileBytes: limits.photoBytes })
    const content = form.get('content')
    if (content?.fileName === undefined) throw fieldProblem(['body', 'content'], 'A file is required', 'missing')
    const { bytes } = content
    if (bytes.length === 0) throw fieldProblem(['body', 'content'], 'The file is empty', 'too_small')
    const metadata = readMetadata(form.get('metadata'))
    const id = newPredictionId()
    const tenant = c.get('tenant')
    const type = content.type && contentType.test(content.type) ? content.type : 'application/octet-stream'
    const sha256 = await sha256Hex(bytes)
    const now = Date.now()
    const info: FileInfo = {
      id,
      name: content.fileName.slice(0, maxNameLength),
      content_type: type,
      size: bytes.length,
      etag: sha256,
      checksums: { sha256 },
      metadata,
      created_at: new Date(now).toISOString(),
      expires_at: new Date(now + retentionMs).toISOString(),
      urls: { get: `${publicUrl}/v1/files/${id}` },
    }
    await uploads.store(tenant, bytes.length, async () => {
      await store.put(artifactKeys.upload(tenant, id), bytes, { contentType: type })
      try {
        await putJson(store, artifactKeys.uploadInfo(tenant, id), info)
      } catch (error) {
        // Nobody could name the photo, or delete it.
        await remove(tenant, id)
        throw error
      }
    })
    return c.json(info, 201)
  })

  app.openapi(listRoute, async (c) => {
    const tenant = c.get('tenant')
    const { cursor, limit } = c.req.valid('query')
    const page = await listUploads(store, tenant, { limit, ...cursor })
    const reads = createBudget({ total: readsAtOnce })
    const files = await Promise.all(page.ids.map((id) => reads.run({}, () => read(tenant, id))))
    // Some may have expired, or have been deleted since they were listed.
    const results = files.filter((file) => file !== undefined)
    // S3 lists times in whole seconds, in which several files may have been uploaded.
    results.sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at))
    return c.json({ ...urlsOfNeighbours(c.req.url, `${publicUrl}/v1/files`, page), results }, 200)
  })

  app.openapi(getRoute, async (c) => c.json(await find(c.get('tenant'), c.req.valid('param').id), 200))

  app.openapi(deleteRoute, async (c) => {
    const tenant = c.get('tenant')
    const { id } = await find(tenant, c.req.valid('param').id)
    await remove(tenant, id)
    uploads.deleted(tenant)
    return c.body(null, 204)
  })
  return app
}
