import type { ErasureReceipt } from '../contracts/erasure.ts'
import type { PredictionStatus } from '../contracts/prediction.ts'
import type { Queue } from '../contracts/queues.ts'
import type { PredictionRecord, WorkflowStart } from '../contracts/record.ts'

export interface StartPrediction {
  readonly tenant: string
  readonly model: string
  readonly version: string
  /** Of a request with an idempotency key. */
  readonly requestHash?: string
  readonly start: WorkflowStart
  /** For the Temporal UI: one line, and Markdown. Nothing personal. */
  readonly summary: string
  readonly details: string
}

/** A place in the list of predictions, between two of them: newest first, by creation and then by id. */
export interface ListPosition {
  /** Nanoseconds since 1970, 19 digits. */
  readonly createdNanos: string
  readonly id: string
}

export interface ListQuery {
  readonly tenant: string
  /** Names of the models whose predictions are listed. */
  readonly models: readonly string[]
  readonly status?: PredictionStatus
  /** Created at or after, and before. */
  readonly createdAfter?: Date
  readonly createdBefore?: Date
  /** The page ends before this one, or starts after it; the newest predictions without either. */
  readonly newerThan?: ListPosition
  readonly olderThan?: ListPosition
  readonly limit: number
}

export interface ListPage {
  /** Newest first. */
  readonly records: readonly PredictionRecord[]
  /** Set where there are newer ones, and older ones. */
  readonly newer?: ListPosition
  readonly older?: ListPosition
}

/** Temporal as the API needs it. One implementation a transport. */
export interface Orchestrator {
  /** Starts a prediction under its id, once: `exists` where the id was used before, finished or not. */
  start(prediction: StartPrediction): Promise<'started' | 'exists'>
  read(id: string): Promise<PredictionRecord | undefined>
  list(query: ListQuery): Promise<ListPage>
  /** How many predictions of a tenant have not ended, besides those that `except` names. */
  countRunning(tenant: string, options?: { except?: readonly string[] }): Promise<number>
  /** The record now and whenever it has changed, until the prediction has ended or is gone, or `signal` aborts. */
  watch(id: string, signal: AbortSignal): AsyncIterable<PredictionRecord>
  /** Resolves when the prediction has ended or the time is over; says which. */
  waitForEnd(id: string, timeoutMs: number, signal?: AbortSignal): Promise<boolean>
  /** Asks for cancellation; nothing happens where the prediction has ended. */
  cancel(id: string): Promise<void>
  /** Delivers `completed` to a URL once more: `running` where its delivery has not ended. */
  redeliver(id: string, options: { url: string; tenant: string }): Promise<'started' | 'running'>
  /** Starts the erasure of a prediction, once; with `derived`, also of those that have a copy of its vector. */
  erase(id: string, options: { tenant: string; derived: boolean }): Promise<void>
  /** An erasure that was started: its tenant, and the receipt once it is done. */
  readErasure(id: string): Promise<{ tenant: string; receipt?: ErasureReceipt } | undefined>
  /** The queues that no worker polls. */
  unpolledQueues(): Promise<Queue[]>
  /** Throws where the server does not answer. */
  ping(): Promise<void>
}

/** Temporal does not answer; the same request may succeed soon. */
export class OrchestratorUnavailable extends Error {
  override name = 'OrchestratorUnavailable'
}
