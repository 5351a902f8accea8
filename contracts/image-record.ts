import { z } from 'zod'

const makerSchema = z.looseObject({
  software: z.string(),
  onnxruntime: z.string(),
  execution_providers: z.array(z.string()).readonly(),
  bundle_sha256: z.string(),
})

/**
 * Provenance of the images of a prediction: together with the person's face vector it is enough to make the same bytes
 * again. `GET /v1/predictions/{id}/manifest` returns it, and `npm run generate -- --replay` reads it.
 */
export const imageRecordSchema = z.looseObject({
  /** Version of this format. */
  manifest: z.literal(1),
  prediction: z.string(),
  model: z.string(),
  created_at: z.iso.datetime(),
  made_with: makerSchema,
  parameters: z.record(z.string(), z.unknown()),
  /** The prediction whose images were made again. */
  replay_of: z.string().optional(),
  images: z.array(
    z.looseObject({
      seed: z.number(),
      sha256: z.string(),
      pixels_sha256: z.string(),
      similarity: z.number().nullable(),
      /** Software and model that made this image, if they differ from `made_with` of the record. */
      made_with: makerSchema.optional(),
    }),
  ),
})

export type ImageRecord = z.infer<typeof imageRecordSchema>
