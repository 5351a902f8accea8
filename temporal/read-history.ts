import { failures } from '../contracts/failures.ts'
import type { PredictionInput } from '../contracts/prediction-options.ts'
import type { FinishedActivity, PendingActivity, PredictionRecord, RecordedFailure } from '../contracts/record.ts'
import { isProgress } from '../contracts/step-progress.ts'
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
import { failureMessage, rootFailure } from './read-failure.ts'

export interface Memo {
  tenant: string
  model: string
  version: string
  requestHash?: string
}

const states: Record<string, PredictionRecord['state']> = {
  RUNNING: 'running',
  COMPLETED: 'completed',
  CANCELED: 'canceled',
}
const stateOf = (status: ExecutionInfo['status']) => states[statusName(status) ?? ''] ?? 'failed'

/** The values of a memo by their names; undefined where there is none. */
export const readMemo = async (
  decode: Decode,
  memo: ExecutionInfo['memo'],
): Promise<Record<string, unknown> | undefined> => {
  const fields = Object.entries(memo?.fields ?? {})
  const values = await decode(fields.map(([, payload]) => payload))
  return fields.length > 0 ? Object.fromEntries(fields.map(([name], index) => [name, values[index]])) : undefined
}

/** Puts together what the server says of one execution. */
export const readRecord = async (
  decode: Decode,
  namespace: string,
  description: Description,
  events: readonly HistoryEvent[],
): Promise<PredictionRecord> => {
  const info = description.workflowExecutionInfo
  const id = info?.execution?.workflowId ?? ''
  const memo = (await readMemo(decode, info?.memo)) as Memo | undefined
  const started = events[0]?.workflowExecutionStartedEventAttributes
  if (!memo || !started) throw new Error(`The workflow ${id} is no prediction`)
  const state = stateOf(info?.status)
  const last = events.at(-1)
  const { result, failure } = await readEnd(decode, last)
  const [input] = await decode(started.input?.payloads)
  return {
    id,
    ...memo,
    runId: info?.execution?.runId ?? '',
    namespace,
    state,
    createdAt: toDate(info?.startTime) ?? new Date(0),
    createdNanos: toNanos(info?.startTime),
    ...(info?.closeTime && { endedAt: toDate(info.closeTime)! }),
    workflow: started.workflowType?.name ?? '',
    input: input as PredictionInput,
    ...(result !== undefined && { result }),
    finished: await readFinished(decode, events),
    pending: await Promise.all((description.pendingActivities ?? []).map((a) => readPending(decode, a))),
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
  decode: Decode,
  event: HistoryEvent | undefined,
): Promise<{ result?: unknown; failure?: RecordedFailure }> => {
  const completed = event?.workflowExecutionCompletedEventAttributes
  if (completed) return { result: (await decode(completed.result?.payloads))[0] }
  const failure = event?.workflowExecutionFailedEventAttributes?.failure
  return failure ? { failure: await rootFailure(decode, failure) } : {}
}

const readPending = async (decode: Decode, activity: WirePendingActivity): Promise<PendingActivity> => {
  const [progress] = await decode(activity.heartbeatDetails?.payloads)
  const { lastFailure: failure } = activity
  return {
    name: activity.activityType?.name ?? '',
    state: pendingStateName(activity.state) === 'STARTED' ? 'started' : 'scheduled',
    attempt: activity.attempt ?? 1,
    ...(isProgress(progress) && { progress }),
    ...(failure && { lastFailure: failure.canceledFailureInfo ? 'canceled' : await failureMessage(decode, failure) }),
  }
}

const readFinished = async (decode: Decode, events: readonly HistoryEvent[]): Promise<FinishedActivity[]> => {
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
    const [progress] = await decode(canceled?.details?.payloads)
    const at = toDate(event.eventTime) ?? new Date(0)
    const scheduledAt = toDate(from?.eventTime) ?? at
    finished.push({
      name: from?.activityTaskScheduledEventAttributes?.activityType?.name ?? '',
      scheduledAt,
      startedAt: toDate(started.get(String(end.scheduledEventId))?.eventTime) ?? scheduledAt,
      endedAt: at,
      outcome: event.activityTaskCompletedEventAttributes ? 'completed' : canceled ? 'canceled' : 'failed',
      ...(isProgress(progress) && { progress }),
    })
  }
  return finished
}
