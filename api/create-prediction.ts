import type { Context } from 'hono'
import type { z } from 'zod'
import { isTerminal } from '../contracts/prediction.ts'
import { newPredictionId, predictionIdFor } from '../contracts/prediction-id.ts'
import type { PredictionOptions } from '../contracts/prediction-options.ts'
import type { PredictionRecord } from '../contracts/record.ts'
import { tenantOfHolder } from '../contracts/url-holder.ts'
import { defaultWebhookEvents } from '../contracts/webhooks.ts'
import { retry } from '../lib/retry.ts'
import { createSingleFlight } from '../lib/single-flight.ts'
import { OrchestratorUnavailable } from '../temporal/orchestrator.ts'
import { type CreateBody, createBodySchema, createHeaders } from './create-body.ts'
import type { ApiDeps, ApiEnv } from './deps.ts'
import type { ServedModel } from './models/served-model.ts'
import { parse } from './parse-body.ts'
import { createPhotoSources } from './photo-source.ts'
import type { PredictionReader } from './prediction-reader.ts'
import { cancelAfterMs, waitMs } from './prefer.ts'
import { Problem } from './problem.ts'
import { hashRequest, isEarlierHash } from './request-hash.ts'
import { requireCost } from './require-cost.ts'
import { createRunningLimit } from './running-limit.ts'

// A prediction that this request started can be read at once; one that a concurrent request started may take a moment.
const readAttempts = 3
/** Kept back from `Prefer: wait` for reading the prediction and sending the response. */
const answerMs = 250

/** A table in Markdown. */
const table = (rows: Readonly<Record<string, unknown>>): string =>
  [
    '| parameter | value |',
    '| --- | --- |',
    ...Object.entries(rows).map(([name, value]) => `| ${name} | ${value} |`),
  ].join('\n')

/** Handles requests that create a prediction: starts it once, then waits as long as `Prefer` asks. */
export const createPredictionCreator = (
  { orchestrator, store, bundle, publicUrl, retentionMs, limits, tenantOf }: ApiDeps,
  { find, view }: PredictionReader,
) => {
  const running = createRunningLimit(orchestrator, limits.maxRunning)
  const resolvePhotos = createPhotoSources({ store, publicUrl })
  const once = createSingleFlight<PredictionRecord>((error) => error instanceof OrchestratorUnavailable)

  const readStarted = async (id: string): Promise<PredictionRecord> => {
    const record = await orchestrator.read(id)
    if (record) return record
    throw new Problem(404, 'Prediction not found')
  }

  /** The prediction that an earlier request created with this key. Throws a 409 problem if its erasure has started. */
  const findByKey = async (id: string): Promise<PredictionRecord | undefined> => {
    const record = await orchestrator.read(id)
    // Read after the record: a prediction can still be read for up to half a minute while it is erased.
    if (!(await orchestrator.readErasure(id))) return record
    throw new Problem(409, 'The prediction created with this idempotency key has been erased')
  }

  /** `json` is the request's whole body, unchecked; `schema` checks it. */
  return async (
    c: Context<ApiEnv>,
    model: ServedModel,
    json: unknown,
    schema: z.ZodType<CreateBody> = createBodySchema,
  ): Promise<Response> => {
    const tenant = c.get('tenant')
    const holder = c.get('holder')
    const header = parse(createHeaders, c.req.header(), ['header'])
    const wait = waitMs(header.prefer)
    const deadline = cancelAfterMs(header['cancel-after'])
    const body = parse(schema, json)
    const input = parse(model.input, body.input, ['body', 'input'])
    const key = header['idempotency-key']
    const id = key === undefined ? newPredictionId() : await predictionIdFor(tenant, key)
    c.set('predictionId', id)
    // Two requests can share a prediction only if they send the same key.
    const requestHash = key === undefined ? undefined : await hashRequest(model.name, json)

    const start = async (): Promise<void> => {
      const { name, version, workflow } = model
      const prepared = await model.prepare(input, {
        predictionId: id,
        tenant,
        bundle,
        store,
        find: (other) => find(other, tenant),
        requireCost: (factors) => requireCost(factors, limits.maxCost),
        resolvePhotos: (photos) => resolvePhotos(photos, { predictionId: id, tenant }),
      })
      const options: PredictionOptions = {
        predictionId: id,
        tenant,
        model: name,
        retentionMs: Math.min(body.retention ?? retentionMs, retentionMs),
        keepPhotos: body.keep_photos,
        ...(tenantOfHolder(holder) === undefined && { tokenId: holder }),
        ...(deadline && { cancelAfterMs: deadline }),
        ...(body.webhook && {
          webhook: { url: body.webhook, events: body.webhook_events_filter ?? defaultWebhookEvents },
        }),
      }
      await orchestrator.start({
        tenant,
        model: name,
        version,
        start: { workflow, input: { ...prepared.input, ...options, echo: prepared.echo } },
        summary: prepared.summary,
        details: table({ model: name, ...prepared.details }),
        ...(requestHash !== undefined && { requestHash }),
      })
    }
    const startNew = async (): Promise<PredictionRecord> => {
      const known = key === undefined ? undefined : await findByKey(id)
      if (known) return known
      await running.start(tenant, id, start)
      return retry(() => readStarted(id), { attempts: readAttempts, delayMs: (failed) => 50 * failed })
    }
    const record = await once(id, startNew)
    const isSame = record.requestHash === requestHash || (await isEarlierHash(record.requestHash, model.name, json))
    if (!isSame) {
      throw new Problem(409, 'This idempotency key was already used with a different request')
    }
    if (wait === 0) return c.json(await view(record, holder), 201)

    // The client counts from when it sent the request, and gives up soon after the time that it asked for.
    const leftMs = Math.floor(wait - (performance.now() - c.get('arrivedAt')) - answerMs)
    const ended = leftMs > 0 && (await orchestrator.waitForEnd(id, leftMs, c.req.raw.signal))
    // The token may have been revoked meanwhile.
    if ((await tenantOf(holder)) === undefined) throw new Problem(401, 'The token has been revoked')
    const prediction = await view(ended ? await find(id, tenant) : record, holder)
    if (isTerminal(prediction.status)) {
      running.ended(tenant, id)
      return c.json(prediction, 201)
    }
    // Replicate's official clients treat any other status as the end, and would return null.
    return c.json({ ...prediction, status: 'starting' }, 202)
  }
}
