import { z } from 'zod'
import { unitVectorFormat } from '../../contracts/embedding.ts'
import type { GenerateFacesInput, GenerateFacesResult } from '../../contracts/generate-faces.ts'
import { withSettings } from '../../contracts/renamed-settings.ts'
import { count } from '../../lib/count.ts'
import type { JsonSchema } from '../json-schema.ts'
import { type Arc2FaceInput, arc2faceInputSchema } from './arc2face-input.ts'
import { imageRecord, workflow } from './arc2face-record.ts'
import { defineModel } from './define-model.ts'
import { describeSettings } from './describe-settings.ts'
import { faceWarnings } from './face-warnings.ts'
import { prepareArc2Face } from './prepare-arc2face.ts'
import { timingsOf } from './timings.ts'

const withVectorSize = (schema: JsonSchema, size: number): JsonSchema => ({
  ...schema,
  properties: Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, property]) => [
      name,
      property.format === unitVectorFormat ? { ...property, minItems: size, maxItems: size } : property,
    ]),
  ),
})

/** A photo of a person in, new images of that person out. */
export const arc2face = defineModel<Arc2FaceInput, GenerateFacesInput, GenerateFacesResult, string[]>({
  name: 'idem/arc2face',
  description: 'New photos of the person in a photo, from only the ArcFace vector of the face (Arc2Face, ECCV 2024).',
  workflow,
  steps: ['intakePhoto', 'findFace', 'embedFace', 'generateImages', 'verifyImages', 'publishImages'],
  input: arc2faceInputSchema,
  output: z.array(z.url()).describe('One signed URL per image.'),
  example: { input_image: 'https://example.com/portrait.jpg' },
  version: (bundle) => bundle.sha256,
  describeInput: (schema, bundle) => describeSettings(withVectorSize(schema, bundle.embeddingSize), bundle),
  prepare: async (request, context) => {
    const { input, echo } = await prepareArc2Face(request, context)
    const { seeds, settings, photos, minSimilarity } = input
    return {
      input,
      echo,
      summary: `${count(seeds.length, 'image')} · ${settings.num_steps} steps · ${settings.scheduler}`,
      details: {
        images: seeds.length,
        ...settings,
        photos: photos.length,
        ...(minSimilarity !== undefined && { 'least similarity': minSimilarity }),
      },
    }
  },
  upgrade: withSettings,
  present: ({ result }, { signOutput }) => Promise.all(result.images.map(({ key }) => signOutput(key))),
  metrics: ({ result: { images, faces, timingsMs } }, { dataRemoved }) => ({
    similarity: images.map(({ similarity }) => similarity),
    seeds: images.map(({ seed }) => seed),
    attempts: images.map(({ attempts }) => attempts),
    // Boxes and landmarks are personal data of the photo.
    ...(!dataRemoved && { faces, warnings: faceWarnings(faces) }),
    timings: timingsOf(timingsMs),
  }),
  iterations: ({ settings }) => ({ generateImages: settings.num_steps }),
  imageRecord,
})
