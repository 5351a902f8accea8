import { z } from 'zod'
import type { EmbedFacesInput, EmbedFacesResult } from '../../contracts/embed-faces.ts'
import { exactlyOne, photoSchema, photosSchema } from '../../contracts/photo-input.ts'
import { count } from '../../lib/count.ts'
import { defineModel } from './define-model.ts'
import { timingsOf } from './timings.ts'

const source = exactlyOne(['input_image', 'input_images'], 'A photo is required')

const inputSchema = z
  .strictObject({
    input_image: photoSchema.optional(),
    input_images: photosSchema.optional().describe('Several photos; the output has one entry for each.'),
  })
  .check(source.check)
  .meta(source.jsonSchema)

const facesSchema = z.object({
  width: z.int(),
  height: z.int(),
  faces: z.array(
    z.object({
      bbox: z.array(z.number()).length(4).describe('x1, y1, x2, y2 in pixels of the photo, turned upright.'),
      kps: z.array(z.array(z.number()).length(2)).describe('Five landmarks: eyes, nose, corners of the mouth.'),
      score: z.number(),
      turn: z
        .literal([90, 180, 270])
        .optional()
        .describe('Degrees clockwise that turn the face upright; absent if the photo is upright.'),
      embedding: z.array(z.number()).describe('Unit vector.'),
    }),
  ),
})

/** Photos in, the faces of each out. */
export const faceEmbedding = defineModel<z.infer<typeof inputSchema>, EmbedFacesInput, EmbedFacesResult, unknown[]>({
  name: 'idem/face-embedding',
  description: 'The faces of photos: boxes, landmarks, scores and ArcFace vectors.',
  workflow: 'embedFaces',
  steps: ['intakePhoto', 'analysePhoto'],
  input: inputSchema,
  output: z.array(facesSchema).describe('The faces of each photo, largest first.'),
  example: { input_image: 'https://example.com/portrait.jpg' },
  prepare: async (input, { resolvePhotos }) => {
    const { sources, echo } = await resolvePhotos(input)
    return {
      input: { photos: sources },
      echo,
      summary: `embed the faces of ${count(sources.length, 'photo')}`,
      details: { photos: sources.length },
    }
  },
  present: ({ result }, { readJson }) => Promise.all(result.facesKeys.map(readJson)),
  metrics: ({ result }) => ({ timings: timingsOf(result.timingsMs) }),
})
