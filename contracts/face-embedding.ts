import { z } from 'zod'
import { photoSchema } from './photo-input.ts'

/** Input of `idem/face-embedding`. */
export const faceEmbeddingInputSchema = z
  .strictObject({
    input_image: photoSchema.optional(),
    input_images: z.array(photoSchema).min(1).max(16).optional().describe('Several photos, each answered by itself.'),
  })
  .check((context) => {
    const { input_image, input_images } = context.value
    if ((input_image === undefined) !== (input_images === undefined)) return
    context.issues.push({
      code: 'custom',
      input: context.value,
      path: ['input_image'],
      message: input_image === undefined ? 'A photo is required' : 'Give one of input_image and input_images',
      params: { type: input_image === undefined ? 'missing' : 'conflict' },
    })
  })

export type FaceEmbeddingInput = z.infer<typeof faceEmbeddingInputSchema>
