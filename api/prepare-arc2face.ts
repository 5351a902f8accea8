import type { Arc2FaceInput } from '../contracts/arc2face.ts'
import { type ArtifactStore, artifactKeys } from '../contracts/artifacts.ts'
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
const unitNormTolerance = 0.05

/** The vector as little-endian float32, scaled to a unit vector. Throws a 422 problem. */
const encodeEmbedding = (values: readonly number[], size: number): Uint8Array => {
  const loc = ['body', 'input', 'embedding']
  if (values.length !== size) {
    throw fieldProblem(loc, `A face vector has ${size} numbers; this one has ${values.length}`, 'embedding_invalid')
  }
  const norm = Math.hypot(...values)
  if (!Number.isFinite(norm) || Math.abs(norm - 1) > unitNormTolerance) {
    throw fieldProblem(loc, `A face vector has norm 1; this one has ${norm}`, 'embedding_invalid')
  }
  const view = new DataView(new ArrayBuffer(size * 4))
  values.forEach((value, index) => {
    view.setFloat32(index * 4, value / norm, true)
  })
  return new Uint8Array(view.buffer)
}

/** Turns a checked input into what the workflow takes: bytes go to the store, seeds are decided. */
export const createPrepareArc2Face = ({ store, publicUrl, model }: PrepareDeps) => {
  const resolvePhoto = createPhotoSources({ store, publicUrl })

  return async (input: Arc2FaceInput, predictionId: string, tenant: string): Promise<GenerateFacesInput> => {
    const { input_image, input_images, embedding, ...rest } = input
    const texts = input_images ?? (input_image === undefined ? [] : [input_image])
    const photos = await Promise.all(
      texts.map((text, index) => {
        const loc = input_images ? ['body', 'input', 'input_images', index] : ['body', 'input', 'input_image']
        return resolvePhoto(text, { predictionId, tenant, loc })
      }),
    )
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
      photos: photos.map(({ source }) => source),
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
        ...(input_image !== undefined && { input_image: photos[0]!.echo }),
        ...(input_images && { input_images: photos.map(({ echo }) => echo) }),
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
