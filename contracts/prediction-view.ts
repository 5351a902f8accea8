import { failures } from './failures.ts'
import type { Prediction, PredictionStatus } from './prediction.ts'
import type { FinishedActivity, PredictionRecord } from './record.ts'
import { doneLine, type StepName } from './steps.ts'

export interface ViewOptions {
  /** Base of the URLs in answers. */
  publicUrl: string
  /** Base of the Temporal UI. */
  temporalUiUrl: string
  /** A URL that gives a published file to whoever has it. */
  signOutput(key: string): Promise<string>
  /** A URL that streams the prediction to whoever has it. */
  signStream(id: string): Promise<string>
  /** The content of a JSON artifact. */
  readJson(key: string): Promise<unknown>
}

/** Whether a prediction's photos, vectors and images are gone, or due to go. */
export const hasExpired = ({ endedAt, input }: PredictionRecord): boolean =>
  endedAt !== undefined && endedAt.getTime() + input.retentionMs <= Date.now()

/** The step that says how far it is. */
const diffusion: StepName = 'generateImages'
const barWidth = 10

/** A line as tqdm writes it, which Replicate's clients parse: ` 52%|█████     | 13/25`. */
const progressLine = (step: number, of: number): string => {
  const filled = Math.round((step / of) * barWidth)
  const percent = `${Math.floor((step * 100) / of)}`.padStart(3)
  return `${percent}%|${'█'.repeat(filled)}${' '.repeat(barWidth - filled)}| ${step}/${of}`
}

export const statusOf = ({ state, finished, pending, failure }: PredictionRecord): PredictionStatus => {
  if (state === 'completed') return 'succeeded'
  if (failure?.type === failures.deadlineExceeded) return 'canceled'
  if (state === 'canceled' || state === 'failed') return state
  return finished.length > 0 || pending.some((activity) => activity.state === 'started') ? 'processing' : 'starting'
}

/** Steps that an ended diffusion is known to have done. */
const stepsDone = ({ outcome, progress }: FinishedActivity, of: number): number =>
  outcome === 'completed' ? of : (progress?.step ?? 0)

const totalSteps = (record: PredictionRecord): number =>
  record.workflow === 'generateFaces' ? record.input.settings.num_steps : 0

/** One line an event; as time goes on lines are only added. */
export const logLines = (record: PredictionRecord): string[] => {
  const of = totalSteps(record)
  const steps = (count: number) => Array.from({ length: count }, (_, k) => progressLine(k + 1, of))
  const lines = record.finished.flatMap((activity) => [
    ...(activity.name === diffusion ? steps(stepsDone(activity, of)) : []),
    ...(activity.outcome === 'completed' ? [doneLine(activity.name)] : []),
  ])
  const diffusing = record.pending.find(({ name }) => name === diffusion)
  return [...lines, ...steps(diffusing?.progress?.step ?? 0)]
}

/** What a running prediction does now. */
const currentPhase = (record: PredictionRecord) => {
  const { state, pending } = record
  const activity = pending[0]
  if (state !== 'running' || !activity) return {}
  const { name, state: activityState, progress, attempt, lastFailure } = activity
  return {
    phase: name,
    queued: activityState === 'scheduled',
    ...(name === diffusion && { step: progress?.step ?? 0, of: totalSteps(record) }),
    ...(attempt > 1 && { attempt, last_failure: lastFailure }),
  }
}

const seconds = (from: Date, to: Date) => (to.getTime() - from.getTime()) / 1000

const outputOf = async (record: PredictionRecord, { signOutput, readJson }: ViewOptions): Promise<unknown> => {
  if (!record.result || hasExpired(record)) return null
  if (record.workflow === 'embedFaces') return Promise.all(record.result.facesKeys.map(readJson))
  return Promise.all(record.result.images.map(({ key }) => signOutput(key)))
}

const resultMetrics = (record: PredictionRecord) => {
  if (!record.result) return {}
  const { timingsMs } = record.result
  const timings = Object.fromEntries(Object.entries(timingsMs).map(([name, ms]) => [name, ms / 1000]))
  if (record.workflow === 'embedFaces') return { timings }
  const { images, faces } = record.result
  return {
    similarity: images.map(({ similarity }) => similarity),
    seeds: images.map(({ seed }) => seed),
    attempts: images.map(({ attempts }) => attempts),
    // Boxes and landmarks are of the photo.
    ...(!hasExpired(record) && { faces }),
    timings,
  }
}

/** The prediction as the public API shows it, computed from what the orchestrator knows and nothing else. */
export const toPrediction = async (record: PredictionRecord, options: ViewOptions): Promise<Prediction> => {
  const { id, failure, createdAt, endedAt, finished } = record
  const status = statusOf(record)
  const startedAt = finished[0]?.startedAt ?? (status === 'processing' ? createdAt : undefined)
  const get = `${options.publicUrl}/v1/predictions/${id}`
  return {
    id,
    model: record.model,
    version: record.version,
    created_at: createdAt.toISOString(),
    started_at: startedAt?.toISOString() ?? null,
    completed_at: endedAt?.toISOString() ?? null,
    status,
    input: hasExpired(record) ? {} : { ...record.input.echo },
    output: await outputOf(record, options),
    error: failure ? `${failure.message} (${failure.type})` : null,
    logs: logLines(record).join('\n'),
    metrics: {
      ...(endedAt && { total_time: seconds(createdAt, endedAt) }),
      ...(endedAt && startedAt && { predict_time: seconds(startedAt, endedAt) }),
      ...currentPhase(record),
      ...resultMetrics(record),
      ...(failure && { failure: { type: failure.type, details: failure.details ?? null } }),
    },
    data_removed: hasExpired(record),
    urls: {
      get,
      cancel: `${get}/cancel`,
      stream: await options.signStream(id),
      web: `${options.temporalUiUrl}/namespaces/${record.namespace}/workflows/${id}/${record.runId}`,
    },
  }
}
