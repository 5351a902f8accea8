import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { erasureReceiptSchema } from '../../contracts/erasure.ts'
import { imageRecordSchema } from '../../contracts/image-record.ts'
import { predictionStatuses } from '../../contracts/prediction.ts'
import { predictionIdPattern } from '../../contracts/prediction-id.ts'
import { hasExpired } from '../../contracts/prediction-status.ts'
import { boundedString } from '../../lib/bounded-schema.ts'
import type { ApiDeps, ApiEnv } from '../deps.ts'
import { idParam, jsonOf, named, pageOf, predictionDocument, problems } from '../document.ts'
import { createEraser } from '../eraser.ts'
import { pageQuery, urlsOfNeighbours } from '../page-query.ts'
import type { PredictionReader } from '../prediction-reader.ts'
import { hasSucceeded, modelOf } from '../prediction-view.ts'
import { Problem } from '../problem.ts'
import { createRouter } from '../router.ts'

const maxTimeLength = 64
const latestMs = Date.UTC(9999, 0)

/** RFC 3339. A leap second is read as the second before it. */
const timeSchema = boundedString(maxTimeLength)
  .transform((text, context) => {
    const ms = /^\d{4}-\d\d-\d\d[Tt ]/.test(text)
      ? Date.parse(text.replace(/:60(?=[.Zz+-])/, ':59').toUpperCase())
      : Number.NaN
    // An offset may lead to a year that Temporal cannot read.
    if (!Number.isNaN(ms)) return new Date(Math.min(Math.max(ms, 0), latestMs))
    context.addIssue({ code: 'custom', message: 'Must be a time such as 2026-01-31T12:00:00Z' })
    return z.NEVER
  })
  .optional()
  .openapi({ type: 'string', format: 'date-time' })

const listRoute = createRoute({
  method: 'get',
  path: '/predictions',
  operationId: 'predictions.list',
  summary: 'List predictions, newest first',
  request: {
    query: z.object({
      ...pageQuery,
      status: z.enum(predictionStatuses).optional(),
      created_after: timeSchema,
      created_before: timeSchema,
    }),
  },
  responses: {
    200: jsonOf(
      pageOf(predictionDocument).openapi('PredictionPage'),
      'One page, with the URLs of the previous and next page',
    ),
    ...problems(422),
  },
})

const getRoute = createRoute({
  method: 'get',
  path: '/predictions/{id}',
  operationId: 'predictions.get',
  summary: 'Get a prediction',
  request: { params: idParam },
  responses: { 200: jsonOf(predictionDocument, 'The prediction'), ...problems(404) },
})

const cancelRoute = createRoute({
  method: 'post',
  path: '/predictions/{id}/cancel',
  operationId: 'predictions.cancel',
  summary: 'Cancel a prediction; no effect if it has ended',
  request: { params: idParam },
  responses: { 200: jsonOf(predictionDocument, 'The prediction'), ...problems(404) },
})

const deleteRoute = createRoute({
  method: 'delete',
  path: '/predictions/{id}',
  operationId: 'predictions.delete',
  summary: 'Erase a prediction: cancel it and destroy its artifacts, key and history',
  request: {
    params: idParam,
    query: z.object({
      derived: z
        .enum(['true', 'false'])
        .optional()
        .describe('`true`: also erase the predictions that have a copy of its face vector.'),
    }),
  },
  responses: {
    200: jsonOf(
      named(erasureReceiptSchema, 'ErasureReceipt'),
      'What was deleted; repeated calls return the same receipt',
    ),
    202: jsonOf(
      z.object({ id: z.string(), status: z.literal('erasing') }),
      'The erasure is still running; repeat the request for the receipt',
    ),
    ...problems(404, 422),
  },
})

const imageRecordRoute = createRoute({
  method: 'get',
  path: '/predictions/{id}/manifest',
  operationId: 'predictions.manifest',
  summary: 'Get the provenance of the images: bundle, versions, parameters, seeds, hashes',
  request: { params: idParam },
  responses: {
    200: jsonOf(named(imageRecordSchema, 'Manifest'), 'The provenance of each image'),
    ...problems(404, 409, 410),
  },
})

const redeliverRoute = createRoute({
  method: 'post',
  path: '/predictions/{id}/webhook/redeliver',
  operationId: 'predictions.redeliver',
  summary: 'Deliver the webhook of the end of a prediction again',
  request: { params: idParam },
  responses: { 202: jsonOf(predictionDocument, 'The delivery has started'), ...problems(404, 409) },
})

/** How long a cancel request waits for the prediction to end. */
const cancelWaitMs = 3_000

export const createPredictionRoutes = (
  { orchestrator, publicUrl, models }: ApiDeps,
  { find, view }: PredictionReader,
): OpenAPIHono<ApiEnv> => {
  const app = createRouter()
  const eraser = createEraser(orchestrator)

  app.openapi(listRoute, async (c) => {
    const { cursor, limit, status, created_after, created_before } = c.req.valid('query')
    const page = await orchestrator.list({
      tenant: c.get('tenant'),
      models: models.map(({ name }) => name),
      limit,
      ...cursor,
      ...(status && { status }),
      ...(created_after && { createdAfter: created_after }),
      ...(created_before && { createdBefore: created_before }),
    })
    return c.json(
      {
        ...urlsOfNeighbours(c.req.url, `${publicUrl}/v1/predictions`, page),
        results: await Promise.all(page.records.map((record) => view(record, c.get('holder')))),
      },
      200,
    )
  })

  app.openapi(getRoute, async (c) =>
    c.json(await view(await find(c.req.valid('param').id, c.get('tenant')), c.get('holder')), 200),
  )

  app.openapi(cancelRoute, async (c) => {
    const { id, state } = await find(c.req.valid('param').id, c.get('tenant'))
    if (state === 'running') {
      await orchestrator.cancel(id)
      // Clients take the response for the end. A prediction that no worker can end now is still running.
      await orchestrator.waitForEnd(id, cancelWaitMs, c.req.raw.signal)
    }
    return c.json(await view(await find(id, c.get('tenant')), c.get('holder')), 200)
  })

  app.openapi(deleteRoute, async (c) => {
    const { id } = c.req.valid('param')
    const tenant = c.get('tenant')
    if (!predictionIdPattern.test(id)) throw new Problem(404, 'Prediction not found')
    const derived = c.req.valid('query').derived === 'true'
    const known = await orchestrator.readErasure(id)
    if (known && known.tenant !== tenant) throw new Problem(404, 'Prediction not found')
    if (!known?.receipt) {
      if (!known) await find(id, tenant)
      await orchestrator.erase(id, { tenant, derived })
    }
    const receipt = await eraser.waitFor(id)
    if (!receipt) return c.json({ id, status: 'erasing' } as const, 202)
    if (!derived || receipt.derived_erased) return c.json(receipt, 200)
    // Nobody asked for them when the erasure started.
    return (await eraser.eraseAll(receipt.derived, tenant))
      ? c.json({ ...receipt, derived_erased: true }, 200)
      : c.json({ id, status: 'erasing' } as const, 202)
  })

  app.openapi(imageRecordRoute, async (c) => {
    const record = await find(c.req.valid('param').id, c.get('tenant'))
    if (hasExpired(record)) throw new Problem(410, 'The data of this prediction has been removed')
    const model = modelOf(models, record)
    if (!hasSucceeded(record) || !model.imageRecord)
      throw new Problem(409, 'This prediction has no images, or it has not ended yet')
    return c.json(model.imageRecord(record), 200)
  })

  app.openapi(redeliverRoute, async (c) => {
    const record = await find(c.req.valid('param').id, c.get('tenant'))
    const { webhook } = record.input
    if (!webhook) throw new Problem(409, 'This prediction has no webhook')
    if (record.state === 'running')
      throw new Problem(409, 'This prediction has not ended yet; its webhook will receive the event when it does')
    if ((await orchestrator.redeliver(record.id, { url: webhook.url, tenant: record.tenant })) === 'running') {
      throw new Problem(409, 'The webhook of this prediction is still being delivered')
    }
    return c.json(await view(record, c.get('holder')), 202)
  })

  return app
}
