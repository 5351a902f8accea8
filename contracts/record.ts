import type { PredictionInput } from './prediction-options.ts'
import type { StepProgress } from './step-progress.ts'

export interface PendingActivity {
  /** A `StepName`, or the name of a step of another release. */
  readonly name: string
  /** Waiting for a worker, or running on one. */
  readonly state: 'scheduled' | 'started'
  /** From 1. */
  readonly attempt: number
  readonly progress?: StepProgress
  /** Why the attempt before failed. */
  readonly lastFailure?: string
}

export interface FinishedActivity {
  /** A `StepName`, or the name of a step of another release. */
  readonly name: string
  readonly scheduledAt: Date
  readonly startedAt: Date
  readonly endedAt: Date
  readonly outcome: 'completed' | 'failed' | 'canceled'
  /** How far a canceled step had come. */
  readonly progress?: StepProgress
}

export interface RecordedFailure {
  /** One of `failures`. */
  readonly type: string
  readonly message: string
  readonly details?: unknown
}

/** Which workflow makes a prediction, and what it is given. */
export interface WorkflowStart {
  /** Type of the workflow. */
  readonly workflow: string
  readonly input: PredictionInput
}

/**
 * What the orchestrator knows of one prediction: everything that an answer shows is computed from this. Only the model
 * knows what else its input has, and what its result is.
 */
export interface PredictionRecord<I extends PredictionInput = PredictionInput, R = unknown> extends WorkflowStart {
  readonly input: I
  /** What the workflow returned, once it has. */
  readonly result?: R
  readonly id: string
  readonly tenant: string
  readonly model: string
  readonly version: string
  /** Hash of the request that started it, if that had an idempotency key. */
  readonly requestHash?: string
  /** Run of the workflow, for links to the Temporal UI. */
  readonly runId: string
  readonly namespace: string
  readonly state: 'running' | 'completed' | 'failed' | 'canceled'
  readonly createdAt: Date
  /** Nanoseconds since 1970, 19 digits: predictions are listed by it. */
  readonly createdNanos: string
  readonly endedAt?: Date
  readonly finished: readonly FinishedActivity[]
  readonly pending: readonly PendingActivity[]
  readonly failure?: RecordedFailure
}
