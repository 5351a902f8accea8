import type { Webhook } from './webhooks.ts'

/** What every prediction's workflow is given, whatever the model. */
export interface PredictionOptions {
  readonly predictionId: string
  /** How long photos, vectors and images are kept after the end. */
  readonly retentionMs: number
  /** Whether photos and crops stay for as long; they go at the end otherwise. */
  readonly keepPhotos: boolean
  /** Who is told how it goes. */
  readonly webhook?: Webhook
}
