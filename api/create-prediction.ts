import type { Context } from 'hono'
import type { z } from 'zod'
import { isTerminal } from '../contracts/prediction.ts'
import { newPredictionId, predictionIdFor } from '../contracts/prediction-id.ts'
import type { PredictionOptions } from '../contracts/prediction-options.ts'
import type { PredictionRecord } from '../contracts/record.ts'
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

// A prediction that has just been started is there; one that a race brought may need a moment.
const readAttempts = 3
const busyRetryAfterSeconds = '5'

/** Markdown. */
const table = (rows: Readonly<Record<string, unknown>>): string =>
  [
    '| parameter | value |',
    '| --- | --- |',
    ...Object.entries(rows).map(([name, value]) => `| ${name} | ${value} |`),
  ].join('\n')

/** Answers a request for a prediction: started once, waited for as long as `Prefer` says. */
export const createPredictionCreator = (
  { orchestrator, store, bundle, publicUrl, retentionMs, maxRunning }: ApiDeps,
  { find, view }: PredictionReader,
) => {
  const resolvePhotos = createPhotoSources({ store, publicUrl })
  const once = createSingleFlight<PredictionRecord>((error) => error instanceof OrchestratorUnavailable)

  const readStarted = async (id: string): Promise<PredictionRecord> => {
    const record = await orchestrator.read(id)
    if (record) return record
    throw new Problem(404, 'There is no such prediction')
  }

  const checkRoom = async (tenant: string): Promise<void> => {
    if (maxRunning === undefined || (await orchestrator.countRunning(tenant)) < maxRunning) return
    throw new Problem(429, `${maxRunning} predictions are running already; try again when some have ended`, {
      headers: { 'retry-after': busyRetryAfterSeconds },
    })
  }

  /** The prediction that a key has named before. Throws a 409 problem where its erasure has started. */
  const findByKey = async (id: string): Promise<PredictionRecord | undefined> => {
    const record = await orchestrator.read(id)
    // Asked after the record: what is being erased can still be read for up to half a minute.
    if (!(await orchestrator.readErasure(id))) return record
    throw new Problem(409, 'The prediction of this idempotency key has been erased')
  }

  /** `json` is the whole body as it was sent, `schema` what it may hold. */
  return async (
    c: Context<ApiEnv>,
    model: ServedModel,
    json: unknown,
    schema: z.ZodType<CreateBody> = createBodySchema,
  ): Promise<Response> => {
    const tenant = c.get('tenant')
    const header = parse(createHeaders, c.req.header(), ['header'])
    const wait = waitMs(header.prefer)
    const deadline = cancelAfterMs(header['cancel-after'])
    const body = parse(schema, json)
    const input = parse(model.input, body.input, ['body', 'input'])
    const key = header['idempotency-key']
    const id = key === undefined ? newPredictionId() : await predictionIdFor(tenant, key)
    c.set('predictionId', id)
    // Only a key can bring two requests to one prediction.
    const requestHash = key === undefined ? undefined : await hashRequest(model.name, json)

    const startNew = async (): Promise<PredictionRecord> => {
      const known = key === undefined ? undefined : await findByKey(id)
      if (known) return known
      await checkRoom(tenant)
      const { name, version, workflow } = model
      const prepared = await model.prepare(input, {
        predictionId: id,
        bundle,
        store,
        find: (other) => find(other, tenant),
        resolvePhotos: (photos) => resolvePhotos(photos, { predictionId: id, tenant }),
      })
      const options: PredictionOptions = {
        predictionId: id,
        tenant,
        model: name,
        retentionMs: Math.min(body.retention ?? retentionMs, retentionMs),
        keepPhotos: body.keep_photos,
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
      return retry(() => readStarted(id), { attempts: readAttempts, delayMs: (failed) => 50 * failed })
    }
    const record = await once(id, startNew)
    const isSame = record.requestHash === requestHash || (await isEarlierHash(record.requestHash, model.name, json))
    if (!isSame) {
      throw new Problem(409, 'The idempotency key was used with another request')
    }
    if (wait === 0) return c.json(await view(record), 201)

    const ended = await orchestrator.waitForEnd(id, wait, c.req.raw.signal)
    const prediction = await view(ended ? await find(id, tenant) : record)
    if (isTerminal(prediction.status)) return c.json(prediction, 201)
    // Every official client takes any other status for the end and would return null.
    return c.json({ ...prediction, status: 'starting' }, 202)
  }
}
