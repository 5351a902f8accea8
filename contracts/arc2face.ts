import { z } from 'zod'
import { photoSchema } from './photo-input.ts'

/** The schedulers that `inference` knows. */
export const schedulerNames = ['dpmpp_2m', 'dpmpp_2m_karras', 'ddim', 'lcm', 'euler', 'euler_ancestral'] as const

const maxImages = 16
// Seeds of the images count up from this one and stay exact in a double.
const maxSeed = Number.MAX_SAFE_INTEGER - maxImages * 100

/** Input of `idem/arc2face`: a superset of the public Arc2Face predictor's. */
export const arc2faceInputSchema = z
  .strictObject({
    input_image: photoSchema.optional(),
    input_images: z
      .array(photoSchema)
      .min(1)
      .max(16)
      .optional()
      .describe('Several photos of one person; their mean is used.'),
    embedding: z.array(z.number()).optional().describe('A face vector in place of photos.'),
    face_selection: z
      .union([z.enum(['largest', 'central', 'best_score']), z.int().nonnegative()])
      .default('largest')
      .describe('Which face, where a photo has several; a number counts from 0, largest first.'),
    min_face_size: z.int().min(0).max(10_000).default(0).describe('Shorter side of the smallest face taken, pixels.'),
    num_images: z.int().min(1).max(maxImages).default(4),
    num_steps: z.int().min(1).max(100).optional().describe('Denoising steps; the model bundle has the default (25).'),
    guidance_scale: z
      .number()
      .min(0)
      .max(20)
      .optional()
      .describe('Classifier-free guidance; the bundle default is 3.0.'),
    seed: z.int().min(0).max(maxSeed).optional().describe('Image k is made from seed + k. Random where absent.'),
    randomize_seed: z.boolean().default(false).describe('Draw a seed even where one is given.'),
    scheduler: z.enum(schedulerNames).optional(),
    generator: z.enum(['cuda', 'cpu']).default('cuda').describe("Which of PyTorch's generators seeds mean."),
    min_similarity: z.number().min(-1).max(1).optional().describe('Images less like the person are made again.'),
    max_attempts: z.int().min(1).max(10).default(3).describe('How often an image is made at most for min_similarity.'),
  })
  .check((context) => {
    const { input_image, input_images, embedding } = context.value
    const given = [input_image, input_images, embedding].filter((value) => value !== undefined).length
    if (given === 1) return
    context.issues.push({
      code: 'custom',
      input: context.value,
      path: ['input_image'],
      message: given === 0 ? 'A photo is required' : 'Give one of input_image, input_images and embedding',
      params: { type: given === 0 ? 'missing' : 'conflict' },
    })
  })

export type Arc2FaceInput = z.infer<typeof arc2faceInputSchema>
