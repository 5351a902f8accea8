import type { Webhook } from './webhooks.ts'

/** What the workflow of every prediction is given, whatever the model. */
export interface PredictionOptions {
  readonly predictionId: string
  /** The model, as owner/name. Predictions that an earlier release started lack it. */
  readonly model?: string
  /** Inputs of earlier releases did not say it. */
  readonly tenant?: string
  /** How long photos, vectors and images are kept after the end. */
  readonly retentionMs: number
  /** Whether photos and crops stay for as long; they go at the end otherwise. */
  readonly keepPhotos: boolean
  /** Where its events are delivered. */
  readonly webhook?: Webhook
  /** The prediction is canceled if it has not ended after this time. */
  readonly cancelAfterMs?: number
}

/** What every prediction's workflow is given; the input of a model's own workflow extends it. */
export interface PredictionInput extends PredictionOptions {
  /** The request's input as answers repeat it; photos and vectors that came as bytes are left out. */
  readonly echo: Readonly<Record<string, unknown>>
}
