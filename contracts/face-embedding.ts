import { z } from 'zod'
import { limits } from './limits.ts'
import { exactlyOne, photoSchema } from './photo-input.ts'

const source = exactlyOne(['input_image', 'input_images'], 'A photo is required')

/** Input of `idem/face-embedding`. */
export const faceEmbeddingInputSchema = z
  .strictObject({
    input_image: photoSchema.optional(),
    input_images: z
      .array(photoSchema)
      .min(1)
      .max(limits.photos)
      .optional()
      .describe('Several photos, each answered by itself.'),
  })
  .check(source.check)
  .meta(source.jsonSchema)

export type FaceEmbeddingInput = z.infer<typeof faceEmbeddingInputSchema>
