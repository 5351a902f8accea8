import { type OpenAPIHono, z } from '@hono/zod-openapi'
import { streamSSE } from 'hono/streaming'
import type { PredictionRecord } from '../../contracts/record.ts'
import type { Preview } from '../../contracts/step-progress.ts'
import { boundedString } from '../../lib/bounded-schema.ts'
import { type ArtifactStore, readJson } from '../../storage/store.ts'
import { createSharedWatch } from '../../temporal/shared-watch.ts'
import type { ApiDeps, ApiEnv } from '../deps.ts'
import { document, idParam, problems } from '../document.ts'
import { parse } from '../parse-body.ts'
import type { PredictionReader } from '../prediction-reader.ts'
import { createRouter } from '../router.ts'
import { eventsAfter, formatPosition, parsePosition } from '../stream-events.ts'

/** Interval of comments, which keep proxies from closing a quiet stream. */
const heartbeatMs = 15_000
/** How long a client waits before it reconnects. */
const retryMs = 2_000
/** How often a stream checks whether it may go on. */
const checkMs = 500
const maxEventIdLength = 64

const readPreview = async (store: ArtifactStore, record: PredictionRecord): Promise<Preview | undefined> => {
  const key = record.pending.find(({ progress }) => progress?.preview)?.progress?.preview?.key
  if (!key) return undefined
  try {
    return (await readJson(store, key)) as Preview | undefined
  } catch {
    // A preview may be replaced or deleted while it is read; the stream continues without it.
    return undefined
  }
}

/** In OpenAPI 3.1 the schema of an event stream describes one event. */
const eventSchema = z
  .object({
    event: z.enum(['logs', 'progress', 'output', 'error', 'done']),
    data: z.string(),
    id: z.string().describe('Send the id of the last event as `Last-Event-ID` to resume after it.'),
  })
  .openapi('StreamEvent')

const streamHeaders = z.object({
  'last-event-id': boundedString(maxEventIdLength)
    .optional()
    .describe('The id of the last event received; the stream resumes after it.'),
})

const streamQuery = z.object({
  progress: z
    .enum(['true', 'false'])
    .optional()
    .describe("Also send `progress` events, which Replicate's Python client does not support."),
})

/** Streams a prediction's events to requests with its signed URL or the tenant's token. */
export const createStreamRoutes = (
  { orchestrator, store, tenantOf, sharedWatch = true }: ApiDeps,
  { find, view }: PredictionReader,
): OpenAPIHono<ApiEnv> => {
  const app = createRouter()
  const watch = sharedWatch ? createSharedWatch(orchestrator) : orchestrator.watch

  document(app, {
    method: 'get',
    path: '/predictions/{id}/stream',
    operationId: 'predictions.stream',
    summary: 'Stream server-sent events: logs, output, error, done and, with `progress=true`, progress with previews',
    request: {
      params: idParam,
      query: streamQuery,
      headers: streamHeaders,
    },
    responses: {
      200: { description: 'Events', content: { 'text/event-stream': { schema: eventSchema } } },
      204: { description: '`Last-Event-ID` is the last event; do not reconnect' },
      ...problems(404, 422),
    },
  })
  app.get('/predictions/:id/stream', async (c) => {
    const id = c.req.param('id')
    const holder = c.get('holder')
    await find(id, c.get('tenant'))

    const wantsProgress = parse(streamQuery, c.req.query(), ['query']).progress === 'true'
    const header = parse(streamHeaders, c.req.header(), ['header'])
    let position = parsePosition(header['last-event-id'])
    if (position.done) return c.body(null, 204)
    c.header('x-accel-buffering', 'no')
    const response = streamSSE(c, async (stream) => {
      const gone = new AbortController()
      stream.onAbort(() => gone.abort())
      const heartbeat = setInterval(() => void stream.write(': \n\n'), heartbeatMs)
      // The token may be revoked while the stream is open; the client then comes again, and is refused.
      const check = setInterval(async () => {
        if ((await tenantOf(holder)) === undefined) gone.abort()
      }, checkMs)
      try {
        await stream.write(`retry: ${retryMs}\n\n`)
        let shown = ''
        for await (const record of watch(id, gone.signal)) {
          const [prediction, preview] = await Promise.all([
            view(record, holder),
            wantsProgress ? readPreview(store, record) : undefined,
          ])
          for (const { event, data, position: after } of eventsAfter(position, prediction, preview)) {
            position = after
            if (event === 'progress' && (!wantsProgress || data === shown)) continue
            if (event === 'progress') shown = data
            await stream.writeSSE({ event, data, id: formatPosition(position) })
          }
        }
      } catch {
        // Temporal is unavailable: the client reconnects and resumes.
      } finally {
        clearInterval(heartbeat)
        clearInterval(check)
      }
    })
    response.headers.set('cache-control', 'no-store')
    return response
  })
  return app
}
