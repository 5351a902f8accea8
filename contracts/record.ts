import type { PredictionInput } from './prediction-options.ts'
import type { StepProgress } from './step-progress.ts'

export interface PendingActivity {
  /** A `StepName`, or the name of a step of another release. */
  readonly name: string
  /** Waiting for a worker, or running on one. */
  readonly state: 'scheduled' | 'started'
  /** Counts from 1. */
  readonly attempt: number
  readonly progress?: StepProgress
  /** Why the previous attempt failed. */
  readonly lastFailure?: string
}

export interface FinishedActivity {
  /** A `StepName`, or the name of a step of another release. */
  readonly name: string
  readonly scheduledAt: Date
  readonly startedAt: Date
  readonly endedAt: Date
  readonly outcome: 'completed' | 'failed' | 'canceled'
  /** Progress of a canceled step. */
  readonly progress?: StepProgress
}

export interface RecordedFailure {
  /** One of `failures`. */
  readonly type: string
  readonly message: string
  readonly details?: unknown
}

/** The workflow of a prediction, and its input. */
export interface WorkflowStart {
  /** Type of the workflow. */
  readonly workflow: string
  readonly input: PredictionInput
}

/**
 * What the orchestrator knows about a prediction: everything in a response is computed from it. Only the model knows
 * the other fields of the input, and the type of the result.
 */
export interface PredictionRecord<I extends PredictionInput = PredictionInput, R = unknown> extends WorkflowStart {
  readonly input: I
  /** Result of the workflow, once it has completed. */
  readonly result?: R
  readonly id: string
  readonly tenant: string
  readonly model: string
  readonly version: string
  /** Hash of the request that started it, if it had an idempotency key. */
  readonly requestHash?: string
  /** Run of the workflow, for links to the Temporal UI. */
  readonly runId: string
  readonly namespace: string
  readonly state: 'running' | 'completed' | 'failed' | 'canceled'
  readonly createdAt: Date
  /** Nanoseconds since 1970, 19 digits. Lists are sorted by it. */
  readonly createdNanos: string
  readonly endedAt?: Date
  readonly finished: readonly FinishedActivity[]
  readonly pending: readonly PendingActivity[]
  readonly failure?: RecordedFailure
}
