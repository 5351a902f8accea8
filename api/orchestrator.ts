import type { PredictionRecord, WorkflowStart } from '../contracts/record.ts'

export interface StartPrediction {
  readonly tenant: string
  readonly model: string
  readonly version: string
  readonly requestHash: string
  readonly start: WorkflowStart
  /** For the Temporal UI: one line, and Markdown. Nothing personal. */
  readonly summary: string
  readonly details: string
}

/** Temporal as the API needs it. One implementation a transport. */
export interface Orchestrator {
  /** Starts a prediction under its id, once: `exists` where the id was used before, finished or not. */
  start(prediction: StartPrediction): Promise<'started' | 'exists'>
  read(id: string): Promise<PredictionRecord | undefined>
  /** Resolves when the prediction has ended or the time is over; says which. */
  waitForEnd(id: string, timeoutMs: number, signal?: AbortSignal): Promise<boolean>
  /** Asks for cancellation; nothing happens where the prediction has ended. */
  cancel(id: string): Promise<void>
  /** Throws where the server does not answer. */
  ping(): Promise<void>
}

/** Temporal does not answer; the same request may succeed soon. */
export class OrchestratorUnavailable extends Error {
  override name = 'OrchestratorUnavailable'
}
