import { z } from 'zod'
import { type Arc2FaceInput, arc2faceInputSchema, unitVectorFormat } from '../../contracts/arc2face.ts'
import { type FaceEmbeddingInput, faceEmbeddingInputSchema } from '../../contracts/face-embedding.ts'
import type { PredictionRecord } from '../../contracts/record.ts'
import { sha256Hex } from '../../lib/sha256.ts'
import type { ArtifactStore } from '../../storage/store.ts'
import { toJsonSchema } from '../create-body.ts'
import { createPhotoSources } from '../photo-source.ts'
import type { BundleInfo, JsonSchema, Model } from './model.ts'
import { createPrepareArc2Face } from './prepare-arc2face.ts'

export interface ModelsDeps {
  store: ArtifactStore
  publicUrl: string
  bundle: BundleInfo
  /** A prediction of this tenant. Throws a 404 problem. */
  find(id: string, tenant: string): Promise<PredictionRecord>
}

const table = (rows: Record<string, unknown>): string =>
  [
    '| parameter | value |',
    '| --- | --- |',
    ...Object.entries(rows).map(([name, value]) => `| ${name} | ${value} |`),
  ].join('\n')

const facesSchema = z.object({
  width: z.int(),
  height: z.int(),
  faces: z.array(
    z.object({
      bbox: z.array(z.number()).length(4).describe('x1, y1, x2, y2 in pixels of the upright photo.'),
      kps: z.array(z.array(z.number()).length(2)).describe('Eyes, nose, corners of the mouth.'),
      score: z.number(),
      embedding: z.array(z.number()).describe('Unit vector.'),
    }),
  ),
})

const withVectorSize = (schema: JsonSchema, size: number): JsonSchema => ({
  ...schema,
  properties: Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, property]) => [
      name,
      property.format === unitVectorFormat ? { ...property, minItems: size, maxItems: size } : property,
    ]),
  ),
})

const example = { input_image: 'https://example.com/portrait.jpg' }

/** The models of this API. A version changes with the bundle, and is another one for each model. */
export const createModels = async ({ store, publicUrl, bundle, find }: ModelsDeps): Promise<readonly Model[]> => {
  const prepareArc2Face = createPrepareArc2Face({ store, publicUrl, bundle, find })
  const resolvePhotos = createPhotoSources({ store, publicUrl })
  const { createdAt } = bundle
  const embeddingVersion = await sha256Hex(new TextEncoder().encode(`idem/face-embedding\n${bundle.sha256}`))
  return [
    {
      name: 'idem/arc2face',
      description:
        'New photos of the person in a photo, from the ArcFace vector of the face alone (Arc2Face, ECCV 2024).',
      version: bundle.sha256,
      createdAt,
      inputSchema: arc2faceInputSchema,
      inputJsonSchema: withVectorSize(toJsonSchema(arc2faceInputSchema), bundle.embeddingSize),
      outputSchema: z.array(z.url()).describe('One signed URL an image.'),
      example,
      prepare: async (input, options) => {
        const prepared = await prepareArc2Face(input as Arc2FaceInput, options)
        const { seeds, settings, photos, minSimilarity } = prepared
        return {
          start: { workflow: 'generateFaces', input: prepared },
          summary: `${seeds.length} ${seeds.length === 1 ? 'image' : 'images'} · ${settings.num_steps} steps · ${settings.scheduler}`,
          details: table({
            model: 'idem/arc2face',
            images: seeds.length,
            ...settings,
            photos: photos.length,
            ...(minSimilarity !== undefined && { 'least similarity': minSimilarity }),
          }),
        }
      },
    },
    {
      name: 'idem/face-embedding',
      description: 'The faces of photos: boxes, landmarks, scores and ArcFace vectors.',
      version: embeddingVersion,
      createdAt,
      inputSchema: faceEmbeddingInputSchema,
      inputJsonSchema: toJsonSchema(faceEmbeddingInputSchema),
      outputSchema: z.array(facesSchema).describe('The faces of each photo, largest first.'),
      example,
      prepare: async (input, { tenant, ...options }) => {
        const { predictionId } = options
        const { sources, echo } = await resolvePhotos(input as FaceEmbeddingInput, { predictionId, tenant })
        return {
          start: { workflow: 'embedFaces', input: { ...options, photos: sources, echo } },
          summary: `embed the faces of ${sources.length} ${sources.length === 1 ? 'photo' : 'photos'}`,
          details: table({ model: 'idem/face-embedding', photos: sources.length }),
        }
      },
    },
  ]
}
