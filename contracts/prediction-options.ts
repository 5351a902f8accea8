import type { Webhook } from './webhooks.ts'

/** What the workflow of every prediction is given, whatever the model. */
export interface PredictionOptions {
  readonly predictionId: string
  /** How long photos, vectors and images are kept after the end. */
  readonly retentionMs: number
  /** Whether photos and crops stay for as long; they go at the end otherwise. */
  readonly keepPhotos: boolean
  /** Where its events are delivered. */
  readonly webhook?: Webhook
  /** The prediction is canceled if it has not ended after this time. */
  readonly cancelAfterMs?: number
}
