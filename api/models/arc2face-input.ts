import { z } from 'zod'
import { diffusionSettingsSchema } from '../../contracts/diffusion-settings.ts'
import { unitVectorFormat } from '../../contracts/embedding.ts'
import { limits } from '../../contracts/limits.ts'
import { exactlyOne, photoSchema, photosSchema } from '../../contracts/photo-input.ts'
import { predictionIdLength, predictionIdPattern } from '../../contracts/prediction-id.ts'
import { boundedString } from '../../lib/bounded-schema.ts'

// Image k uses seed + k, and every seed must be exact in a double.
const maxSeed = Number.MAX_SAFE_INTEGER - limits.images * 100

const source = exactlyOne(
  ['input_image', 'input_images', 'embedding', 'identity_of', 'replay_of'],
  'A photo is required',
)
const predictionIdSchema = boundedString(predictionIdLength).regex(
  predictionIdPattern,
  'Must be the id of a prediction',
)

/** Input of `idem/arc2face`: a superset of the public Arc2Face predictor's. */
export const arc2faceInputSchema = z
  .strictObject({
    input_image: photoSchema.optional(),
    input_images: photosSchema
      .optional()
      .describe('Several photos of one person; the mean of their face vectors is used.'),
    embedding: z
      .array(z.number())
      .max(limits.vectorNumbers)
      .optional()
      .describe('A face vector of length 1 instead of photos, as returned by idem/face-embedding.')
      .meta({ format: unitVectorFormat }),
    identity_of: predictionIdSchema
      .optional()
      .describe('Id of an earlier prediction whose person is used, while its data is kept.'),
    replay_of: predictionIdSchema
      .optional()
      .describe(
        'Id of an earlier prediction whose images are made again, byte for byte. Its parameters are used; others are ignored.',
      ),
    face_selection: z
      .union([z.enum(['largest', 'central', 'best_score']), z.int().nonnegative()])
      .default('largest')
      .describe('Which face to use if a photo has several. A number counts from 0, largest face first.'),
    min_face_size: z.int().min(0).max(10_000).default(0).describe('Ignores faces whose shorter side has fewer pixels.'),
    num_images: z.int().min(1).max(limits.images).default(4),
    ...diffusionSettingsSchema.shape,
    seed: z.int().min(0).max(maxSeed).optional().describe('Image k is made from seed + k. Random if omitted.'),
    randomize_seed: z.boolean().default(false).describe('Draw a seed even if one is given.'),
    min_similarity: z
      .number()
      .min(-1)
      .max(1)
      .optional()
      .describe('Images with a lower similarity to the person are made again.'),
    max_attempts: z
      .int()
      .min(1)
      .max(limits.attempts)
      .default(3)
      .describe('How many times an image is made at most to reach min_similarity.'),
  })
  .check(source.check)
  .meta(source.jsonSchema)

export type Arc2FaceInput = z.infer<typeof arc2faceInputSchema>
