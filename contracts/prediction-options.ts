import type { Webhook } from './webhooks.ts'

/** Options that the workflow of every prediction receives, whatever the model. */
export interface PredictionOptions {
  readonly predictionId: string
  /** The model, as owner/name. Missing in predictions that an earlier release started. */
  readonly model?: string
  /** Missing in predictions that an earlier release started. */
  readonly tenant?: string
  /** The token that asked for it: the signed URLs in its webhooks end with it. */
  readonly tokenId?: string
  /** How long photos, vectors and images are kept after the prediction ends. */
  readonly retentionMs: number
  /** Whether photos and crops are kept for that time too. Otherwise they are deleted when the prediction ends. */
  readonly keepPhotos: boolean
  /** Where events are delivered. */
  readonly webhook?: Webhook
  /** The prediction is canceled if it has not ended after this time. */
  readonly cancelAfterMs?: number
}

/** Input of the workflow of every prediction. The input of a model's workflow extends it. */
export interface PredictionInput extends PredictionOptions {
  /** The request's input as responses repeat it, without the bytes of photos and vectors. */
  readonly echo: Readonly<Record<string, unknown>>
}
