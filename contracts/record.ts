import type { DiffusionProgress, GenerateFacesInput, GenerateFacesResult } from './generate-faces.ts'

export type ActivityName =
  | 'intakePhoto'
  | 'findFace'
  | 'embedFace'
  | 'generateImages'
  | 'verifyImages'
  | 'publishImages'

export interface PendingActivity {
  readonly name: ActivityName
  /** Waiting for a worker, or running on one. */
  readonly state: 'scheduled' | 'started'
  /** From 1. */
  readonly attempt: number
  readonly progress?: DiffusionProgress
  /** Why the attempt before failed. */
  readonly lastFailure?: string
}

export interface FinishedActivity {
  readonly name: ActivityName
  readonly scheduledAt: Date
  readonly startedAt: Date
  readonly endedAt: Date
  readonly outcome: 'completed' | 'failed' | 'canceled'
  /** How far a canceled diffusion had come. */
  readonly progress?: DiffusionProgress
}

export interface RecordedFailure {
  /** One of `failures`. */
  readonly type: string
  readonly message: string
  readonly details?: unknown
}

/** What the orchestrator knows of one prediction: everything that an answer shows is computed from this. */
export interface PredictionRecord {
  readonly id: string
  readonly tenant: string
  readonly model: string
  readonly version: string
  /** Hash of the request that started it. */
  readonly requestHash: string
  /** Run of the workflow, for links to the Temporal UI. */
  readonly runId: string
  readonly namespace: string
  readonly state: 'running' | 'completed' | 'failed' | 'canceled'
  readonly createdAt: Date
  readonly endedAt?: Date
  readonly input: GenerateFacesInput
  readonly finished: readonly FinishedActivity[]
  readonly pending: readonly PendingActivity[]
  readonly result?: GenerateFacesResult
  readonly failure?: RecordedFailure
}
