import type { FailureType } from './failures.ts'

/** Events of a prediction, in the order in which a receiver may see them. `completed` is always the last. */
export const webhookEvents = ['start', 'output', 'logs', 'completed'] as const
export type WebhookEvent = (typeof webhookEvents)[number]

/** Events that are sent without a filter, as in Replicate's API: new outputs, and the end. */
export const defaultWebhookEvents: readonly WebhookEvent[] = ['output', 'completed']

/** The receiver of a prediction's events. */
export interface Webhook {
  readonly url: string
  /** Only these events are sent. */
  readonly events: readonly WebhookEvent[]
}

/** Each prediction has one delivery workflow, which receives events as signals. */
export const webhookWorkflowId = (predictionId: string): string => `webhook-${predictionId}`

/** The n-th notice of an event, counted from 1. */
export type Notice = readonly [event: WebhookEvent, number: number]

export interface WebhookTiming {
  /** Delays between the attempts to send a message. The first attempt is immediate. */
  readonly gapsMs: readonly number[]
  /** Minimum time between two `output` messages, and between two `logs` messages. */
  readonly throttleMs: number
  /** How often to check whether the prediction has ended without a signal, for example because it was terminated. */
  readonly checkMs: number
}

/** Input of the workflow `deliverWebhook`. To deliver `completed` again, start it with `pending: [['completed', 1]]`. */
export interface DeliverWebhookInput extends Webhook {
  readonly predictionId: string
  /** Notices to deliver. */
  readonly pending?: readonly Notice[]
  /** Number of notices of each event so far. */
  readonly counts?: readonly Notice[]
  /** When a message of each event was last attempted. In milliseconds since 1970, like `heldUntil`. */
  readonly takenAt?: readonly (readonly [event: WebhookEvent, atMs: number])[]
  /** Until this time only `completed` may be sent. */
  readonly heldUntil?: number
  /** Number of consecutive failed attempts. */
  readonly misses?: number
  readonly timing?: Partial<WebhookTiming>
}

/** One HTTP request to the receiver. */
export interface WebhookAttempt {
  readonly event: WebhookEvent
  /** ISO 8601. */
  readonly at: string
  /** HTTP status of the response, if there was one. */
  readonly status?: number
  /** Failure type, if the attempt failed. */
  readonly error?: FailureType
}

export interface DeliverWebhookResult {
  /** Oldest first. Only the newest ones are kept if there are very many. */
  readonly attempts: readonly WebhookAttempt[]
}

/** Input of the activity `sendWebhook`. */
export interface WebhookMessage {
  readonly predictionId: string
  readonly event: WebhookEvent
  /** `webhook-id`: the same for every attempt. */
  readonly messageId: string
  readonly url: string
}

/** Details of the failures of `sendWebhook`. */
export interface WebhookFailureDetails {
  readonly status?: number
  /** Delay in the receiver's `Retry-After`. */
  readonly retryAfterMs?: number
  /** Why there was no response. */
  readonly reason?: string
}
