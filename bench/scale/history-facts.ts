import type { Connection } from '@temporalio/client'
import proto from '@temporalio/proto'

const { HistoryEvent, EventType, Payload } = {
  ...proto.temporal.api.history.v1,
  ...proto.temporal.api.enums.v1,
  ...proto.temporal.api.common.v1,
}
type Event = proto.temporal.api.history.v1.IHistoryEvent

export interface ActivityTime {
  readonly type: string
  readonly queue: string
  /** Milliseconds since 1970. */
  readonly startedAt: number
  /** From the schedule to the start. */
  readonly waitMs: number
  /** From the start to the end. */
  readonly runMs: number
}

export interface HistoryFacts {
  readonly events: number
  readonly historyBytes: number
  readonly stateTransitions: number
  readonly byType: Readonly<Record<string, number>>
  readonly activities: readonly ActivityTime[]
  readonly payloads: number
  readonly payloadBytes: number
  readonly largestPayload: { readonly bytes: number; readonly event: string }
}

const millis = (at: { seconds?: unknown; nanos?: number | null } | null | undefined): number =>
  Number(at?.seconds ?? 0) * 1000 + (at?.nanos ?? 0) / 1e6

const nameOf = (event: Event): string => EventType[event.eventType ?? 0]!.replace('EVENT_TYPE_', '')

/** Every payload of an event, wherever it lies: those are the objects with metadata and data. */
const payloadsOf = (value: unknown): number[] => {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return []
  if ('metadata' in value && 'data' in value && value.data instanceof Uint8Array) {
    return [Payload.encode(value as proto.temporal.api.common.v1.IPayload).finish().length]
  }
  return Object.values(value).flatMap(payloadsOf)
}

const activitiesOf = (events: readonly Event[]): ActivityTime[] => {
  const scheduled = new Map(events.map((event) => [`${event.eventId}`, event]))
  const startedBy = new Map<string, Event>()
  const times: ActivityTime[] = []
  for (const event of events) {
    const started = event.activityTaskStartedEventAttributes
    if (started) startedBy.set(`${started.scheduledEventId}`, event)
    const completed = event.activityTaskCompletedEventAttributes
    if (!completed) continue
    const from = scheduled.get(`${completed.scheduledEventId}`)!
    const start = startedBy.get(`${completed.scheduledEventId}`)!
    times.push({
      type: from.activityTaskScheduledEventAttributes?.activityType?.name ?? '',
      queue: from.activityTaskScheduledEventAttributes?.taskQueue?.name ?? '',
      startedAt: millis(start.eventTime),
      waitMs: millis(start.eventTime) - millis(from.eventTime),
      runMs: millis(event.eventTime) - millis(start.eventTime),
    })
  }
  return times
}

/** What the server keeps of one workflow that has ended; payloads are counted as they are stored, encrypted. */
export const readHistoryFacts = async (
  { workflowService }: Connection,
  { namespace, workflowId }: { namespace: string; workflowId: string },
): Promise<HistoryFacts> => {
  const execution = { workflowId }
  const { workflowExecutionInfo: info } = await workflowService.describeWorkflowExecution({ namespace, execution })
  const events: Event[] = []
  let nextPageToken: Uint8Array | undefined
  do {
    const page = await workflowService.getWorkflowExecutionHistory({ namespace, execution, nextPageToken })
    events.push(...(page.history?.events ?? []))
    nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined
  } while (nextPageToken)

  const byType: Record<string, number> = {}
  for (const event of events) byType[nameOf(event)] = (byType[nameOf(event)] ?? 0) + 1
  const sizes = events.flatMap((event) => payloadsOf(event).map((bytes) => ({ bytes, event: nameOf(event) })))
  return {
    events: events.length,
    historyBytes: Number(
      info?.historySizeBytes ?? events.reduce((sum, e) => sum + HistoryEvent.encode(e).finish().length, 0),
    ),
    stateTransitions: Number(info?.stateTransitionCount ?? 0),
    byType,
    activities: activitiesOf(events),
    payloads: sizes.length,
    payloadBytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
    largestPayload: sizes.reduce((a, b) => (b.bytes > a.bytes ? b : a), { bytes: 0, event: '' }),
  }
}
