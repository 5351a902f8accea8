import type { FailureType } from './failures.ts'

/** What a prediction tells its webhook, in the order in which a receiver may see it; `completed` is always the last. */
export const webhookEvents = ['start', 'output', 'logs', 'completed'] as const
export type WebhookEvent = (typeof webhookEvents)[number]

/** Without a filter, as in Replicate's API: new outputs, and the end. */
export const defaultWebhookEvents: readonly WebhookEvent[] = ['output', 'completed']

/** Where a prediction's events go; part of a job's input. */
export interface Webhook {
  readonly url: string
  /** The filter. */
  readonly events: readonly WebhookEvent[]
}

/** One delivery workflow a prediction; its events are signals to it. */
export const webhookWorkflowId = (predictionId: string): string => `webhook-${predictionId}`

/** The n-th notice of an event, from 1. */
export type Notice = readonly [event: WebhookEvent, number: number]

export interface WebhookTiming {
  /** Waits between the attempts for one message; the first attempt is made at once. */
  readonly gapsMs: readonly number[]
  /** The least time between two `output` messages, and between two `logs` messages. */
  readonly throttleMs: number
  /** How often to look whether the prediction has ended without a word, as after a termination. */
  readonly checkMs: number
}

/** Input of the workflow `deliverWebhook`. To deliver `completed` again, start it with `pending: [['completed', 1]]`. */
export interface DeliverWebhookInput extends Webhook {
  readonly predictionId: string
  /** What there is to deliver already. */
  readonly pending?: readonly Notice[]
  /** How many notices of each event there were. */
  readonly counts?: readonly Notice[]
  /** When a message of each event was last attempted. Milliseconds since 1970, as is the next. */
  readonly takenAt?: readonly (readonly [event: WebhookEvent, atMs: number])[]
  /** Before then only `completed` may be sent. */
  readonly heldUntil?: number
  /** Failed attempts in a row. */
  readonly misses?: number
  readonly timing?: Partial<WebhookTiming>
}

/** One HTTP request to the receiver. */
export interface WebhookAttempt {
  readonly event: WebhookEvent
  /** ISO 8601. */
  readonly at: string
  /** What the receiver answered, where it did. */
  readonly status?: number
  /** Why the attempt failed, where it did. */
  readonly error?: FailureType
}

export interface DeliverWebhookResult {
  /** Oldest first; of very many only the newest are kept. */
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
  /** What the receiver's `Retry-After` asks for. */
  readonly retryAfterMs?: number
  /** Why there was no answer. */
  readonly reason?: string
}
