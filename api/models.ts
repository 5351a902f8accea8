import type { z } from 'zod'
import { type Arc2FaceInput, arc2faceInputSchema } from '../contracts/arc2face.ts'
import { type FaceEmbeddingInput, faceEmbeddingInputSchema } from '../contracts/face-embedding.ts'
import type { WorkflowStart } from '../contracts/record.ts'
import type { ApiDeps } from './deps.ts'
import { createPhotoSources } from './photo-source.ts'
import { createPrepareArc2Face } from './prepare-arc2face.ts'

export interface Prepared {
  start: WorkflowStart
  /** For the Temporal UI: one line, and Markdown. Nothing personal. */
  summary: string
  details: string
}

/** A model that predictions can be made with. */
export interface Model {
  inputSchema: z.ZodType
  /** Turns an input that the schema has let through into a workflow's. Throws a 422 problem. */
  prepare(input: unknown, predictionId: string, tenant: string): Promise<Prepared>
}

const table = (rows: Record<string, unknown>): string =>
  [
    '| parameter | value |',
    '| --- | --- |',
    ...Object.entries(rows).map(([name, value]) => `| ${name} | ${value} |`),
  ].join('\n')

/** The models of this API by owner/name. */
export const createModels = ({ store, publicUrl, model }: ApiDeps): Readonly<Record<string, Model>> => {
  const prepareArc2Face = createPrepareArc2Face({ store, publicUrl, model })
  const resolvePhotos = createPhotoSources({ store, publicUrl })
  return {
    'idem/arc2face': {
      inputSchema: arc2faceInputSchema,
      prepare: async (input, predictionId, tenant) => {
        const prepared = await prepareArc2Face(input as Arc2FaceInput, predictionId, tenant)
        const { seeds, numSteps, guidanceScale, scheduler, photos, minSimilarity } = prepared
        return {
          start: { workflow: 'generateFaces', input: prepared },
          summary: `${seeds.length} images · ${numSteps} steps · ${scheduler}`,
          details: table({
            model: 'idem/arc2face',
            images: seeds.length,
            steps: numSteps,
            'guidance scale': guidanceScale,
            scheduler,
            photos: photos.length,
            ...(minSimilarity !== undefined && { 'least similarity': minSimilarity }),
          }),
        }
      },
    },
    'idem/face-embedding': {
      inputSchema: faceEmbeddingInputSchema,
      prepare: async (input, predictionId, tenant) => {
        const { sources, echo } = await resolvePhotos(input as FaceEmbeddingInput, { predictionId, tenant })
        return {
          start: {
            workflow: 'embedFaces',
            input: { predictionId, photos: sources, echo },
          },
          summary: `embed the faces of ${sources.length} ${sources.length === 1 ? 'photo' : 'photos'}`,
          details: table({ model: 'idem/face-embedding', photos: sources.length }),
        }
      },
    },
  }
}
