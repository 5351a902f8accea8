import { artifactsNamedIn, mayUse } from '../contracts/artifact-keys.ts'
import { failures } from '../contracts/failures.ts'
import type { PredictionInput } from '../contracts/prediction-options.ts'
import type { FinishedActivity, PendingActivity, PredictionRecord, RecordedFailure } from '../contracts/record.ts'
import { memoField, openFor } from '../contracts/sealed-value.ts'
import { isProgress } from '../contracts/step-progress.ts'
import { EncryptionError, saysForged } from '../lib/crypto/encryption-error.ts'
import {
  type Decode,
  type Description,
  type ExecutionInfo,
  type HistoryEvent,
  pendingStateName,
  statusName,
  toDate,
  toNanos,
  type WirePendingActivity,
} from './messages.ts'
import type { Place } from './place.ts'
import { failureMessage, rootFailure } from './read-failure.ts'

/** What the API writes beside a prediction's input. */
export interface Memo {
  model: string
  version: string
  requestHash?: string
  /** How long its data is kept after its end. */
  retentionMs: number
}

const states: Record<string, PredictionRecord['state']> = {
  RUNNING: 'running',
  COMPLETED: 'completed',
  CANCELED: 'canceled',
}
const stateOf = (status: ExecutionInfo['status']) => states[statusName(status) ?? ''] ?? 'failed'

export interface HistoryReader {
  readonly namespace: string
  readonly decode: Decode
  /** Whether values are accepted that an earlier release sealed for no purpose. */
  readonly acceptBare: boolean
}

/** What was written beside a workflow's input, and for whom; undefined if nothing was. */
export const readMemo = async <T>(
  { decode, acceptBare }: HistoryReader,
  info: ExecutionInfo | null | undefined,
): Promise<(T & { tenant: string }) | undefined> => {
  const fields = Object.entries(info?.memo?.fields ?? {})
  if (fields.length === 0) return undefined
  const workflowId = info?.execution?.workflowId ?? ''
  const values = await decode(
    fields.map(([, payload]) => payload),
    { workflowId },
  )
  const memo = Object.fromEntries(fields.map(([name], index) => [name, values[index]]))
  const { tenant, value } = openFor<T & { tenant?: string }>(`memo of ${info?.type?.name}`, memo[memoField] ?? memo, {
    acceptBare,
  })
  return { ...value, tenant: tenant ?? value.tenant ?? '' }
}

const none = (id: string) => new EncryptionError('misplaced', `The workflow ${id} is not a prediction of this service`)

/**
 * Puts together what the server says of one execution. Throws `EncryptionError` if one of its parts was not written by
 * this service, or not for this prediction, tenant and place.
 */
export const readRecord = async (
  reader: HistoryReader,
  description: Description,
  events: readonly HistoryEvent[],
): Promise<PredictionRecord> => {
  const { namespace, decode, acceptBare } = reader
  const info = description.workflowExecutionInfo
  const id = info?.execution?.workflowId ?? ''
  const place = { workflowId: id }
  const memo = await readMemo<Memo>(reader, info)
  const started = events[0]?.workflowExecutionStartedEventAttributes
  if (!memo || !started) throw none(id)
  const { tenant } = memo
  const workflow = started.workflowType?.name
  const state = stateOf(info?.status)
  const last = events.at(-1)
  const { result, failure } = await readEnd(reader, last, { place, workflow, tenant })
  const [sealed] = await decode(started.input?.payloads, place)
  const { value: input } = openFor<PredictionInput>(`input of ${workflow}`, sealed, { acceptBare, tenant })
  if (input.predictionId !== id) throw none(id)
  const pending = await Promise.all((description.pendingActivities ?? []).map((a) => readPending(reader, a, place)))
  const { echo: _, ...given } = input
  const progress = pending.map((activity) => activity.progress)
  if (!artifactsNamedIn([given, result, progress]).every((key) => mayUse(key, { predictionId: id, tenant }))) {
    throw none(id)
  }
  const { retentionMs: __, ...named } = memo
  return {
    id,
    ...named,
    runId: info?.execution?.runId ?? '',
    namespace,
    state,
    createdAt: toDate(info?.startTime) ?? new Date(0),
    createdNanos: toNanos(info?.startTime),
    ...(info?.closeTime && { endedAt: toDate(info.closeTime)! }),
    workflow: workflow ?? '',
    input,
    ...(result !== undefined && { result }),
    finished: await readFinished(decode, events, place),
    pending,
    ...(failure && { failure }),
    ...(state === 'failed' && !failure && { failure: { type: failures.internal, message: closeMessage(last) } }),
  }
}

const closeMessage = (event: HistoryEvent | undefined): string => {
  if (event?.workflowExecutionTerminatedEventAttributes) return 'An operator ended this prediction'
  if (event?.workflowExecutionTimedOutEventAttributes) return 'The prediction took too long'
  return 'The prediction failed'
}

const readEnd = async (
  { decode, acceptBare }: HistoryReader,
  event: HistoryEvent | undefined,
  { place, workflow, tenant }: { place: Place; workflow: string | null | undefined; tenant: string },
): Promise<{ result?: unknown; failure?: RecordedFailure }> => {
  const completed = event?.workflowExecutionCompletedEventAttributes
  if (completed) {
    const [sealed] = await decode(completed.result?.payloads, place)
    return { result: openFor(`result of ${workflow}`, sealed, { acceptBare, tenant }).value }
  }
  const failure = event?.workflowExecutionFailedEventAttributes?.failure
  return failure ? { failure: await rootFailure(decode, failure, place) } : {}
}

const readPending = async (
  { decode, acceptBare }: HistoryReader,
  { activityId, activityType, heartbeatDetails, state, attempt, lastFailure: failure }: WirePendingActivity,
  { workflowId }: Place,
): Promise<PendingActivity> => {
  const name = activityType?.name ?? ''
  const place = { workflowId, activityId: activityId ?? '' }
  const readProgress = async () => {
    const [sealed] = await decode(heartbeatDetails?.payloads, place)
    if (sealed === undefined) return undefined
    return openFor(`progress of ${name}`, sealed, { acceptBare }).value
  }
  // Progress that another program wrote is ignored; the prediction is read.
  const progress = await readProgress().catch((error) => {
    if (saysForged(error)) return undefined
    throw error
  })
  return {
    name,
    state: pendingStateName(state) === 'STARTED' ? 'started' : 'scheduled',
    attempt: attempt ?? 1,
    ...(isProgress(progress) && { progress }),
    ...(failure && {
      lastFailure: failure.canceledFailureInfo ? 'canceled' : await failureMessage(decode, failure, place),
    }),
  }
}

const readFinished = async (
  decode: Decode,
  events: readonly HistoryEvent[],
  { workflowId }: Place,
): Promise<FinishedActivity[]> => {
  const scheduled = new Map<string, HistoryEvent>()
  const started = new Map<string, HistoryEvent>()
  const finished: FinishedActivity[] = []
  for (const event of events) {
    if (event.activityTaskScheduledEventAttributes) scheduled.set(String(event.eventId), event)
    const start = event.activityTaskStartedEventAttributes
    if (start) started.set(String(start.scheduledEventId), event)
    const end =
      event.activityTaskCompletedEventAttributes ??
      event.activityTaskFailedEventAttributes ??
      event.activityTaskTimedOutEventAttributes ??
      event.activityTaskCanceledEventAttributes
    if (!end) continue
    const from = scheduled.get(String(end.scheduledEventId))
    const canceled = event.activityTaskCanceledEventAttributes
    const { activityId, activityType } = from?.activityTaskScheduledEventAttributes ?? {}
    const [progress] = await decode(canceled?.details?.payloads, { workflowId, activityId: activityId ?? '' })
    const at = toDate(event.eventTime) ?? new Date(0)
    const scheduledAt = toDate(from?.eventTime) ?? at
    finished.push({
      name: activityType?.name ?? '',
      scheduledAt,
      startedAt: toDate(started.get(String(end.scheduledEventId))?.eventTime) ?? scheduledAt,
      endedAt: at,
      outcome: event.activityTaskCompletedEventAttributes ? 'completed' : canceled ? 'canceled' : 'failed',
      ...(isProgress(progress) && { progress }),
    })
  }
  return finished
}
