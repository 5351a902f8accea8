import { z } from 'zod'

/** Lists what an erasure has deleted. */
export const erasureReceiptSchema = z.object({
  id: z.string(),
  erased_at: z.iso.datetime(),
  canceled: z.boolean().describe('Whether the prediction was still running.'),
  key_shredded: z
    .literal(true)
    .describe('The key that encrypts its photos, crops and vectors is destroyed, so that no copy of them can be read.'),
  artifacts: z.array(z.string()).describe('Keys of the artifacts that were deleted.'),
  histories: z.array(z.string()).describe('Temporal workflows whose histories were deleted.'),
})
export type ErasureReceipt = z.infer<typeof erasureReceiptSchema>

/** Input of the workflow `erasePrediction`. */
export interface ErasePredictionInput {
  readonly predictionId: string
}
