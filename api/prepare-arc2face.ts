import type { Arc2FaceInput } from '../contracts/arc2face.ts'
import { type ArtifactStore, artifactKeys } from '../contracts/artifacts.ts'
import { checkEmbedding, encodeVector } from '../contracts/embedding.ts'
import type { GenerateFacesInput } from '../contracts/generate-faces.ts'
import type { ModelInfo } from './model.ts'
import { fieldProblem } from './parse-body.ts'
import { createPhotoSources } from './photo-source.ts'

export interface PrepareDeps {
  store: ArtifactStore
  publicUrl: string
  model: ModelInfo
}

// Random seeds stay in PyTorch's usual 32 bits.
const randomSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0]!

/** The bytes of a caller's vector. Throws a 422 problem. */
const encodeEmbedding = (values: readonly number[], size: number): Uint8Array => {
  const checked = checkEmbedding(values, size)
  if (checked.problem !== undefined) {
    throw fieldProblem(['body', 'input', 'embedding'], checked.problem, 'embedding_invalid')
  }
  return encodeVector(checked.embedding)
}

/** Turns a checked input into what the workflow takes: bytes go to the store, seeds are decided. */
export const createPrepareArc2Face = ({ store, publicUrl, model }: PrepareDeps) => {
  const resolvePhotos = createPhotoSources({ store, publicUrl })

  return async (input: Arc2FaceInput, predictionId: string, tenant: string): Promise<GenerateFacesInput> => {
    const { input_image: _, input_images: __, embedding, ...rest } = input
    const photos = await resolvePhotos(input, { predictionId, tenant })
    const identityKey = embedding && artifactKeys.identity(predictionId)
    if (identityKey) {
      const bytes = encodeEmbedding(embedding, model.embeddingSize)
      await store.put(identityKey, bytes, { contentType: 'application/octet-stream', ifAbsent: true })
    }
    const seed = input.seed === undefined || input.randomize_seed ? randomSeed() : input.seed
    const numSteps = input.num_steps ?? model.defaults.steps
    const guidanceScale = input.guidance_scale ?? model.defaults.guidanceScale
    const scheduler = input.scheduler ?? model.defaults.scheduler
    return {
      predictionId,
      photos: photos.sources,
      ...(identityKey && { identityKey }),
      faceSelection: input.face_selection,
      minFaceSizePx: input.min_face_size,
      seeds: Array.from({ length: input.num_images }, (_, index) => seed + index),
      numSteps,
      guidanceScale,
      scheduler,
      generator: input.generator,
      ...(input.min_similarity !== undefined && { minSimilarity: input.min_similarity }),
      maxAttempts: input.max_attempts,
      echo: {
        ...photos.echo,
        ...(embedding && { embedding: `(${embedding.length} numbers)` }),
        ...rest,
        num_steps: numSteps,
        guidance_scale: guidanceScale,
        scheduler,
        seed,
      },
    }
  }
}
