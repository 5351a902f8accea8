import type { LoadedDataConverter, Payload } from '@temporalio/common'
import { ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/common'
import {
  decodeArrayFromPayloads,
  decodeFromPayloadsAtIndex,
  decodeMapFromPayloads,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow/index.js'
import proto, { type temporal } from '@temporalio/proto'
import { failures } from '../../contracts/failures.ts'
import type { DiffusionProgress } from '../../contracts/generate-faces.ts'
import type {
  ActivityName,
  FinishedActivity,
  PendingActivity,
  PredictionRecord,
  RecordedFailure,
  WorkflowRun,
} from '../../contracts/record.ts'

type Description = temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse
type HistoryEvent = temporal.api.history.v1.IHistoryEvent
type Timestamp = { seconds?: unknown; nanos?: number | null } | null | undefined

const { PendingActivityState, WorkflowExecutionStatus } = proto.temporal.api.enums.v1

export interface Memo {
  tenant: string
  model: string
  version: string
  requestHash: string
}

const toDate = (time: Timestamp): Date | undefined =>
  time ? new Date(Number(time.seconds ?? 0) * 1000 + Math.floor((time.nanos ?? 0) / 1e6)) : undefined

/** Nanoseconds since 1970 in 19 digits, so that texts sort as times do. */
export const toNanos = (time: Timestamp): string =>
  `${time?.seconds ?? 0}${`${time?.nanos ?? 0}`.padStart(9, '0')}`.padStart(19, '0')

const stateOf = (status: temporal.api.enums.v1.WorkflowExecutionStatus | null | undefined) => {
  switch (status) {
    case WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING:
      return 'running'
    case WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED:
      return 'completed'
    case WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED:
      return 'canceled'
    default:
      return 'failed'
  }
}

/** The failure under the wrappers that Temporal adds on the way up. */
const rootFailure = (error: Error): RecordedFailure => {
  let root: Error = error
  while (root.cause instanceof Error && !(root instanceof ApplicationFailure)) root = root.cause
  if (root instanceof ApplicationFailure) {
    const details = root.details?.[0]
    return { type: root.type ?? failures.internal, message: root.message, ...(details !== undefined && { details }) }
  }
  if (root instanceof TimeoutFailure) return { type: failures.stepTimedOut, message: 'A step took too long' }
  return { type: failures.internal, message: root.message }
}

/** Puts together what the server says of one execution. */
export const readRecord = async (
  converter: LoadedDataConverter,
  namespace: string,
  description: Description,
  events: readonly HistoryEvent[],
): Promise<PredictionRecord> => {
  const info = description.workflowExecutionInfo
  const id = info?.execution?.workflowId ?? ''
  const memo = (await decodeMapFromPayloads(converter, info?.memo?.fields)) as Memo | undefined
  const started = events[0]?.workflowExecutionStartedEventAttributes
  if (!memo || !started) throw new Error(`The workflow ${id} is no prediction`)
  const state = stateOf(info?.status)
  const last = events.at(-1)
  const { result, failure } = await readEnd(converter, last)
  const run = {
    workflow: started.workflowType?.name,
    input: await decodeFromPayloadsAtIndex(converter, 0, started.input?.payloads),
    ...(result !== undefined && { result }),
  } as WorkflowRun
  return {
    id,
    ...memo,
    runId: info?.execution?.runId ?? '',
    namespace,
    state,
    createdAt: toDate(info?.startTime) ?? new Date(0),
    createdNanos: toNanos(info?.startTime),
    ...(info?.closeTime && { endedAt: toDate(info.closeTime)! }),
    ...run,
    finished: await readFinished(converter, events),
    pending: await Promise.all((description.pendingActivities ?? []).map((a) => readPending(converter, a))),
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
  converter: LoadedDataConverter,
  event: HistoryEvent | undefined,
): Promise<{ result?: unknown; failure?: RecordedFailure }> => {
  const completed = event?.workflowExecutionCompletedEventAttributes
  if (completed) return { result: await decodeFromPayloadsAtIndex(converter, 0, completed.result?.payloads) }
  const failed = event?.workflowExecutionFailedEventAttributes
  const error = failed && (await decodeOptionalFailureToOptionalError(converter, failed.failure))
  return error ? { failure: rootFailure(error) } : {}
}

const readPending = async (
  converter: LoadedDataConverter,
  activity: temporal.api.workflow.v1.IPendingActivityInfo,
): Promise<PendingActivity> => {
  const payloads: Payload[] | null | undefined = activity.heartbeatDetails?.payloads
  const [progress] = (await decodeArrayFromPayloads(converter, payloads)) as [DiffusionProgress?]
  const failure = await decodeOptionalFailureToOptionalError(converter, activity.lastFailure)
  const started = activity.state === PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
  return {
    name: activity.activityType?.name as ActivityName,
    state: started ? 'started' : 'scheduled',
    attempt: activity.attempt ?? 1,
    ...(progress && { progress }),
    ...(failure && { lastFailure: failure instanceof CancelledFailure ? 'canceled' : failure.message }),
  }
}

const readFinished = async (
  converter: LoadedDataConverter,
  events: readonly HistoryEvent[],
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
    const [progress] = (await decodeArrayFromPayloads(converter, canceled?.details?.payloads)) as [DiffusionProgress?]
    const at = toDate(event.eventTime) ?? new Date(0)
    const scheduledAt = toDate(from?.eventTime) ?? at
    finished.push({
      name: from?.activityTaskScheduledEventAttributes?.activityType?.name as ActivityName,
      scheduledAt,
      startedAt: toDate(started.get(String(end.scheduledEventId))?.eventTime) ?? scheduledAt,
      endedAt: at,
      outcome: event.activityTaskCompletedEventAttributes ? 'completed' : canceled ? 'canceled' : 'failed',
      ...(progress && { progress }),
    })
  }
  return finished
}
