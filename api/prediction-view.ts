import { limits } from '../contracts/limits.ts'
import type { Prediction } from '../contracts/prediction.ts'
import { hasExpired, statusOf } from '../contracts/prediction-status.ts'
import type { PredictionRecord } from '../contracts/record.ts'
import type { UrlHolder } from '../contracts/url-holder.ts'
import { saysErased } from '../lib/crypto/encryption-error.ts'
import type { SigningKey } from '../lib/crypto/hmac.ts'
import { type ArtifactStore, readJson } from '../storage/store.ts'
import type { Model, Presenter, Succeeded } from './models/define-model.ts'
import { currentPhase, logLines } from './prediction-log.ts'
import { Problem } from './problem.ts'
import { signStreamUrl } from './stream-url.ts'

export interface PredictionViewDeps {
  models: readonly Model[]
  store: ArtifactStore
  publicUrl: string
  temporalUiUrl: string
  /** The first one signs the URLs of streams. */
  urlSigningKeys: readonly SigningKey[]
}

const seconds = (from: Date, to: Date) => (to.getTime() - from.getTime()) / 1000

export const hasSucceeded = (record: PredictionRecord): record is Succeeded<PredictionRecord['input'], unknown> =>
  record.state === 'completed'

/** The model of a prediction. Throws a 500 problem if this release does not serve it. */
export const modelOf = (models: readonly Model[], { model: name }: Pick<PredictionRecord, 'model'>): Model => {
  const model = models.find((one) => one.name === name)
  if (!model) throw new Problem(500, `This server does not serve ${name}, the model of this prediction`)
  return model
}

/**
 * Turns records into predictions as the public API returns them. Everything is computed from the orchestrator's record;
 * URLs are signed on each call.
 */
export const createPredictionView = ({
  models,
  store,
  publicUrl,
  temporalUiUrl,
  urlSigningKeys,
}: PredictionViewDeps) => {
  const presenterFor = (holder: UrlHolder): Presenter => ({
    signOutput: (key) => store.signGet(key, { expiresInSeconds: limits.outputUrlSeconds, holder }),
    readJson: async (key) => {
      try {
        return (await readJson(store, key)) ?? null
      } catch (error) {
        // The prediction is being erased: its data is removed before its history.
        if (saysErased(error)) return null
        throw error
      }
    },
  })

  /** `holder`: whose its signed URLs are. */
  return async (record: PredictionRecord, holder: UrlHolder): Promise<Prediction> => {
    const { id, failure, createdAt, endedAt, finished } = record
    const model = modelOf(models, record)
    const dataRemoved = hasExpired(record)
    const iterations = model.iterations(record)
    const status = statusOf(record)
    const startedAt = finished[0]?.startedAt ?? (status === 'processing' ? createdAt : undefined)
    const get = `${publicUrl}/v1/predictions/${id}`
    return {
      id,
      model: record.model,
      version: record.version,
      created_at: createdAt.toISOString(),
      started_at: startedAt?.toISOString() ?? null,
      completed_at: endedAt?.toISOString() ?? null,
      status,
      input: dataRemoved ? {} : { ...record.input.echo },
      output: hasSucceeded(record) && !dataRemoved ? await model.present(record, presenterFor(holder)) : null,
      error: failure ? `${failure.message} (${failure.type})` : null,
      logs: logLines(record, iterations).join('\n'),
      metrics: {
        ...(endedAt && { total_time: seconds(createdAt, endedAt) }),
        ...(endedAt && startedAt && { predict_time: seconds(startedAt, endedAt) }),
        ...currentPhase(record, iterations),
        ...(hasSucceeded(record) && model.metrics(record, { dataRemoved })),
        ...(failure && { failure: { type: failure.type, details: failure.details ?? null } }),
      },
      data_removed: dataRemoved,
      urls: {
        get,
        cancel: `${get}/cancel`,
        stream: await signStreamUrl(id, { publicUrl, signingKeys: urlSigningKeys, holder }),
        web: `${temporalUiUrl}/namespaces/${record.namespace}/workflows/${id}/${record.runId}`,
      },
    }
  }
}
