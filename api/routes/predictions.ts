import { Hono } from 'hono'
import { z } from 'zod'
import { isTerminal } from '../../contracts/prediction.ts'
import { newPredictionId, predictionIdFor, predictionIdPattern } from '../../contracts/prediction-id.ts'
import type { PredictionRecord, WorkflowStart } from '../../contracts/record.ts'
import { defaultWebhookEvents, type Webhook, webhookEvents } from '../../contracts/webhooks.ts'
import type { ApiDeps, ApiEnv } from '../deps.ts'
import { createModels } from '../models.ts'
import { parse, readJson } from '../parse-body.ts'
import { createPredictionView } from '../prediction-view.ts'
import { cancelAfterMs, waitMs } from '../prefer.ts'
import { Problem } from '../problem.ts'
import { sha256Hex } from '../sha256.ts'

const createBodySchema = z.strictObject({
  input: z.unknown(),
  /** Replicate's clients send it; every prediction can be streamed. */
  stream: z.boolean().optional(),
  webhook: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .optional(),
  webhook_events_filter: z.array(z.enum(webhookEvents)).min(1).optional(),
})

const idempotencyKeySchema = z.string().min(1).max(255)
// A prediction that has just been started is there; one that a race brought may need a moment.
const readAttempts = 3

const hashRequest = (body: unknown): Promise<string> => sha256Hex(new TextEncoder().encode(JSON.stringify(body)))

/** A deadline is for the long job: reading faces takes no time that it could save. */
const withOptions = (
  start: WorkflowStart,
  { cancelAfterMs, webhook }: { cancelAfterMs?: number; webhook?: Webhook },
): WorkflowStart =>
  start.workflow === 'generateFaces'
    ? { ...start, input: { ...start.input, ...(cancelAfterMs && { cancelAfterMs }), ...(webhook && { webhook }) } }
    : { ...start, input: { ...start.input, ...(webhook && { webhook }) } }

export const createPredictionRoutes = (deps: ApiDeps) => {
  const { orchestrator, model } = deps
  const models = createModels(deps)
  const view = createPredictionView(deps)

  /** The record, if it belongs to the one who asks. Another tenant's is as unknown as none. */
  const find = async (id: string, tenant: string): Promise<PredictionRecord> => {
    const record = predictionIdPattern.test(id) ? await orchestrator.read(id) : undefined
    if (record?.tenant !== tenant) throw new Problem(404, 'There is no such prediction')
    return record
  }

  const findStarted = async (id: string, tenant: string): Promise<PredictionRecord> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await find(id, tenant)
      } catch (error) {
        if (attempt === readAttempts) throw error
        await new Promise((resolve) => setTimeout(resolve, 50 * attempt))
      }
    }
  }

  const app = new Hono<ApiEnv>()

  app.post('/models/:owner/:name/predictions', async (c) => {
    const name = `${c.req.param('owner')}/${c.req.param('name')}`
    const chosen = Object.hasOwn(models, name) ? models[name] : undefined
    if (!chosen) throw new Problem(404, 'There is no such model')
    const tenant = c.get('tenant')
    const wait = waitMs(c.req.header('prefer'))
    const deadline = cancelAfterMs(c.req.header('cancel-after'))
    const key = c.req.header('idempotency-key')
    const json = await readJson(c.req.raw)
    const body = parse(createBodySchema, json)
    const input = parse(chosen.inputSchema, body.input, ['body', 'input'])
    const webhook = body.webhook && { url: body.webhook, events: body.webhook_events_filter ?? defaultWebhookEvents }
    const id =
      key === undefined
        ? newPredictionId()
        : await predictionIdFor(tenant, parse(idempotencyKeySchema, key, ['header', 'idempotency-key']))
    const requestHash = await hashRequest(json)

    const known = key === undefined ? undefined : await orchestrator.read(id)
    if (!known) {
      const { start, summary, details } = await chosen.prepare(input, id, tenant)
      await orchestrator.start({
        tenant,
        model: name,
        version: model.version,
        requestHash,
        start: withOptions(start, { ...(deadline && { cancelAfterMs: deadline }), ...(webhook && { webhook }) }),
        summary,
        details,
      })
    }
    const record = known ?? (await findStarted(id, tenant))
    if (record.requestHash !== requestHash) {
      throw new Problem(409, 'The idempotency key was used with another request')
    }
    if (wait === 0) return c.json(await view(record), 201)

    const ended = await orchestrator.waitForEnd(id, wait, c.req.raw.signal)
    const prediction = await view(ended ? await find(id, tenant) : record)
    if (isTerminal(prediction.status)) return c.json(prediction, 201)
    // Every official client takes any other status for the end and would return null.
    return c.json({ ...prediction, status: 'starting' }, 202)
  })

  app.get('/predictions/:id', async (c) => c.json(await view(await find(c.req.param('id'), c.get('tenant')))))

  app.post('/predictions/:id/cancel', async (c) => {
    const { id, state } = await find(c.req.param('id'), c.get('tenant'))
    if (state === 'running') await orchestrator.cancel(id)
    return c.json(await view(await find(id, c.get('tenant'))))
  })

  return app
}
