import { type OpenAPIHono, z } from '@hono/zod-openapi'
import { streamSSE } from 'hono/streaming'
import type { PredictionRecord } from '../../contracts/record.ts'
import type { Preview } from '../../contracts/step-progress.ts'
import { type ArtifactStore, readJson } from '../../storage/store.ts'
import { createSharedWatch } from '../../temporal/shared-watch.ts'
import type { ApiDeps, ApiEnv } from '../deps.ts'
import { document, idParam, problems } from '../document.ts'
import { parse } from '../parse-body.ts'
import type { PredictionReader } from '../prediction-reader.ts'
import { Problem } from '../problem.ts'
import { createRouter } from '../router.ts'
import { eventsAfter, formatPosition, parsePosition } from '../stream-events.ts'
import { mayStream } from '../stream-url.ts'

/** A comment so often keeps proxies from closing a quiet stream. */
const heartbeatMs = 15_000
/** How long a client waits before it comes again. */
const retryMs = 2_000

const readPreview = async (store: ArtifactStore, record: PredictionRecord): Promise<Preview | undefined> => {
  const key = record.pending.find(({ progress }) => progress?.preview)?.progress?.preview?.key
  if (!key) return undefined
  try {
    return (await readJson(store, key)) as Preview | undefined
  } catch {
    // A picture that is just being replaced or deleted is no reason to end a stream.
    return undefined
  }
}

/** OpenAPI 3.1 describes each event by the schema of a stream. */
const eventSchema = z
  .object({
    event: z.enum(['logs', 'progress', 'output', 'error', 'done']),
    data: z.string(),
    id: z.string().describe('Send the last one as `Last-Event-ID` to go on after it.'),
  })
  .openapi('StreamEvent')

const streamQuery = z.object({
  progress: z
    .enum(['true', 'false'])
    .optional()
    .describe("`true`: events of the kind `progress` too, which Replicate's client for Python does not know."),
})

/** A prediction's events as they come: for whoever has the signed URL, or the tenant's token. */
export const createStreamRoutes = (
  { orchestrator, store, urlSigningKeys, sharedWatch = true }: ApiDeps,
  { find, findSigned, view }: PredictionReader,
): OpenAPIHono<ApiEnv> => {
  const app = createRouter()
  const watch = sharedWatch ? createSharedWatch(orchestrator) : orchestrator.watch

  document(app, {
    method: 'get',
    path: '/predictions/{id}/stream',
    operationId: 'predictions.stream',
    summary: 'Server-sent events: logs, output, error, done; progress (with previews) for those who ask for it',
    request: {
      params: idParam,
      query: streamQuery,
      headers: z.object({
        'last-event-id': z
          .string()
          .optional()
          .describe('The id of the last event that was seen; the stream goes on after it.'),
      }),
    },
    responses: {
      200: { description: 'Events', content: { 'text/event-stream': { schema: eventSchema } } },
      204: { description: 'All has been told before `Last-Event-ID`; do not come again' },
      ...problems(404, 422),
    },
  })
  app.get('/predictions/:id/stream', async (c) => {
    const id = c.req.param('id')
    const { signature, expires } = c.req.query()
    const tenant = c.get('tenant') as string | undefined
    if (tenant === undefined) {
      // Let through by its signature.
      if (
        !(await mayStream(
          id,
          { ...(signature && { signature }), ...(expires && { expires }) },
          { signingKeys: urlSigningKeys },
        ))
      ) {
        throw new Problem(403, 'The URL of this stream is wrong or has expired; fetch the prediction for a new one')
      }
      await findSigned(id)
    } else await find(id, tenant)

    const wantsProgress = parse(streamQuery, c.req.query(), ['query']).progress === 'true'
    let position = parsePosition(c.req.header('last-event-id'))
    if (position.done) return c.body(null, 204)
    c.header('x-accel-buffering', 'no')
    const response = streamSSE(c, async (stream) => {
      const gone = new AbortController()
      stream.onAbort(() => gone.abort())
      const heartbeat = setInterval(() => void stream.write(': \n\n'), heartbeatMs)
      try {
        await stream.write(`retry: ${retryMs}\n\n`)
        let shown = ''
        for await (const record of watch(id, gone.signal)) {
          const [prediction, preview] = await Promise.all([
            view(record),
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
        // Temporal is away: the client comes again and goes on where it was.
      } finally {
        clearInterval(heartbeat)
      }
    })
    response.headers.set('cache-control', 'no-store')
    return response
  })
  return app
}
