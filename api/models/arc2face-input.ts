import { z } from 'zod'
import { diffusionSettingsSchema } from '../../contracts/diffusion-settings.ts'
import { unitVectorFormat } from '../../contracts/embedding.ts'
import { limits } from '../../contracts/limits.ts'
import { exactlyOne, photoSchema, photosSchema } from '../../contracts/photo-input.ts'
import { predictionIdPattern } from '../../contracts/prediction-id.ts'

// Seeds of the images count up from this one and stay exact in a double.
const maxSeed = Number.MAX_SAFE_INTEGER - limits.images * 100

const source = exactlyOne(
  ['input_image', 'input_images', 'embedding', 'identity_of', 'replay_of'],
  'A photo is required',
)
const predictionIdSchema = z.string().regex(predictionIdPattern, 'Not the id of a prediction')

/** Input of `idem/arc2face`: a superset of the public Arc2Face predictor's. */
export const arc2faceInputSchema = z
  .strictObject({
    input_image: photoSchema.optional(),
    input_images: photosSchema.optional().describe('Several photos of one person; their mean is used.'),
    embedding: z
      .array(z.number())
      .optional()
      .describe('A unit face vector in place of photos, as idem/face-embedding gives it.')
      .meta({ format: unitVectorFormat }),
    identity_of: predictionIdSchema
      .optional()
      .describe('The person of an earlier prediction, as long as its data is kept.'),
    replay_of: predictionIdSchema
      .optional()
      .describe('Makes the images of an earlier prediction again, byte for byte; its parameters are taken, no others.'),
    face_selection: z
      .union([z.enum(['largest', 'central', 'best_score']), z.int().nonnegative()])
      .default('largest')
      .describe('Which face, where a photo has several; a number counts from 0, largest first.'),
    min_face_size: z.int().min(0).max(10_000).default(0).describe('Shorter side of the smallest face taken, pixels.'),
    num_images: z.int().min(1).max(limits.images).default(4),
    ...diffusionSettingsSchema.shape,
    seed: z.int().min(0).max(maxSeed).optional().describe('Image k is made from seed + k. Random if omitted.'),
    randomize_seed: z.boolean().default(false).describe('Draw a seed even if one is given.'),
    min_similarity: z.number().min(-1).max(1).optional().describe('Images less like the person are made again.'),
    max_attempts: z
      .int()
      .min(1)
      .max(limits.attempts)
      .default(3)
      .describe('How often an image is made at most for min_similarity.'),
  })
  .check(source.check)
  .meta(source.jsonSchema)

export type Arc2FaceInput = z.infer<typeof arc2faceInputSchema>
