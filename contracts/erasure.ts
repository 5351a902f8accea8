import { z } from 'zod'

/** Lists what an erasure has deleted. */
export const erasureReceiptSchema = z.object({
  id: z.string(),
  erased_at: z.iso.datetime(),
  canceled: z.boolean().describe('Whether the prediction was still running.'),
  key_shredded: z
    .literal(true)
    .describe(
      'The key that encrypts its photos, crops, vectors and drafts is destroyed; keys_apart says what that is worth.',
    ),
  keys_apart: z
    .boolean()
    .describe(
      'Whether keys have their own store. If true, nobody can decrypt a copy of its artifacts, except with a copy of that ' +
        'store from before. If false, whoever has the key ring can decrypt a copy of the artifact store from before.',
    ),
  artifacts: z.array(z.string()).describe('Keys of the artifacts that were deleted.'),
  histories: z.array(z.string()).describe('Temporal workflows whose histories were deleted.'),
  derived: z
    .array(z.string())
    .describe('Predictions that had a copy of its face vector, by identity_of or replay_of, when it was erased.'),
  derived_erased: z.boolean().describe('Whether those were erased too, as `derived=true` asks for.'),
})
export type ErasureReceipt = z.infer<typeof erasureReceiptSchema>

/** Input of the workflow `erasePrediction`. */
export interface ErasePredictionInput {
  readonly predictionId: string
  /** Erasures that an earlier release started do not say it. */
  readonly tenant?: string
  /** Whether predictions with a copy of its vector are erased too. */
  readonly derived?: boolean
}

/** A receipt as this release writes them: those of earlier ones say less. */
export const completeReceipt = (receipt: Partial<ErasureReceipt>): ErasureReceipt =>
  ({ keys_apart: false, derived: [], derived_erased: false, ...receipt }) as ErasureReceipt
