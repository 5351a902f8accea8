import { toBase64 } from '../lib/base64.ts'
import type { Place } from './place.ts'

// What is read of Temporal's messages, as the SDK's protobuf gives them and as protobuf's JSON spells them: numbers or
// names for enums, objects or RFC 3339 for times, bytes or base64 for payloads.

export type Time = string | { seconds?: unknown; nanos?: number | null } | null | undefined

export interface WirePayload {
  metadata?: Readonly<Record<string, Uint8Array | string>> | null
  data?: Uint8Array | string | null
}

export interface WirePayloads {
  payloads?: readonly WirePayload[] | null
}

export interface WireFailure {
  message?: string | null
  /** `{ message, stack_trace }` of a failure that does not show them. */
  encodedAttributes?: WirePayload | null
  cause?: WireFailure | null
  applicationFailureInfo?: { type?: string | null; details?: WirePayloads | null } | null
  timeoutFailureInfo?: object | null
  canceledFailureInfo?: object | null
}

interface EndedActivity {
  scheduledEventId?: unknown
}

export interface HistoryEvent {
  eventId?: unknown
  eventTime?: Time
  workflowExecutionStartedEventAttributes?: {
    workflowType?: { name?: string | null } | null
    input?: WirePayloads | null
  } | null
  workflowExecutionCompletedEventAttributes?: { result?: WirePayloads | null } | null
  workflowExecutionFailedEventAttributes?: { failure?: WireFailure | null } | null
  workflowExecutionTerminatedEventAttributes?: object | null
  workflowExecutionTimedOutEventAttributes?: object | null
  activityTaskScheduledEventAttributes?: {
    activityId?: string | null
    activityType?: { name?: string | null } | null
  } | null
  activityTaskStartedEventAttributes?: { scheduledEventId?: unknown } | null
  activityTaskCompletedEventAttributes?: EndedActivity | null
  activityTaskFailedEventAttributes?: EndedActivity | null
  activityTaskTimedOutEventAttributes?: EndedActivity | null
  activityTaskCanceledEventAttributes?: (EndedActivity & { details?: WirePayloads | null }) | null
}

export interface ExecutionInfo {
  execution?: { workflowId?: string | null; runId?: string | null } | null
  type?: { name?: string | null } | null
  status?: number | string | null
  startTime?: Time
  closeTime?: Time
  historyLength?: unknown
  memo?: { fields?: Readonly<Record<string, WirePayload>> | null } | null
}

export interface WirePendingActivity {
  activityId?: string | null
  activityType?: { name?: string | null } | null
  state?: number | string | null
  attempt?: number | null
  heartbeatDetails?: WirePayloads | null
  lastFailure?: WireFailure | null
}

export interface Description {
  workflowExecutionInfo?: ExecutionInfo | null
  pendingActivities?: readonly WirePendingActivity[] | null
}

/** Differs whenever a description shows something new: an event, an attempt, a heartbeat. */
export const fingerprint = ({ workflowExecutionInfo, pendingActivities }: Description): string =>
  JSON.stringify([
    String(workflowExecutionInfo?.historyLength ?? 0),
    (pendingActivities ?? []).map(({ state, attempt, heartbeatDetails }) => [
      state,
      attempt,
      heartbeatDetails?.payloads?.map(({ data }) => (data instanceof Uint8Array ? toBase64(data) : data)),
    ]),
  ])

/** The values in payloads that lie in one place, in their order. Throws `EncryptionError`. */
export type Decode = (payloads: readonly WirePayload[] | null | undefined, place: Place) => Promise<unknown[]>

const pad = (digits: string | number, width: number) => `${digits}`.padStart(width, '0')

const partsOf = (time: Time): { seconds: number; nanos: number } => {
  if (typeof time !== 'string') return { seconds: Number(time?.seconds ?? 0), nanos: time?.nanos ?? 0 }
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? ''
  return { seconds: Math.floor(Date.parse(time) / 1000), nanos: Number(fraction.padEnd(9, '0').slice(0, 9)) }
}

export const toDate = (time: Time): Date | undefined => {
  if (!time) return undefined
  const { seconds, nanos } = partsOf(time)
  return new Date(seconds * 1000 + Math.floor(nanos / 1e6))
}

/** Nanoseconds since 1970 in 19 digits, so that texts sort as times do. */
export const toNanos = (time: Time): string => {
  const { seconds, nanos } = partsOf(time)
  return pad(`${seconds}${pad(nanos, 9)}`, 19)
}

// temporal.api.enums.v1, by their numbers.
const statuses = [
  'UNSPECIFIED',
  'RUNNING',
  'COMPLETED',
  'FAILED',
  'CANCELED',
  'TERMINATED',
  'CONTINUED_AS_NEW',
  'TIMED_OUT',
]
const pendingStates = ['UNSPECIFIED', 'SCHEDULED', 'STARTED', 'CANCEL_REQUESTED', 'PAUSED', 'PAUSE_REQUESTED']

const nameIn = (names: readonly string[], prefix: string, value: number | string | null | undefined) =>
  typeof value === 'string' ? value.replace(prefix, '') : names[value ?? 0]

/** `RUNNING`, `COMPLETED`, … */
export const statusName = (status: ExecutionInfo['status']) => nameIn(statuses, 'WORKFLOW_EXECUTION_STATUS_', status)

/** `SCHEDULED`, `STARTED`, … */
export const pendingStateName = (state: WirePendingActivity['state']) =>
  nameIn(pendingStates, 'PENDING_ACTIVITY_STATE_', state)
