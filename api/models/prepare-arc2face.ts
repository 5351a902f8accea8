import { artifactKeys } from '../../contracts/artifact-keys.ts'
import { diffusionSettings } from '../../contracts/diffusion-settings.ts'
import { checkEmbedding, encodeVector } from '../../contracts/embedding.ts'
import type { GenerateFacesInput, MadeWith } from '../../contracts/generate-faces.ts'
import { hasExpired } from '../../contracts/prediction-status.ts'
import { readAll } from '../../storage/store.ts'
import { fieldProblem } from '../parse-body.ts'
import { Problem } from '../problem.ts'
import type { Arc2FaceInput } from './arc2face-input.ts'
import { arc2faceRecord } from './arc2face-record.ts'
import { checkSettings } from './check-settings.ts'
import type { PrepareContext, Prepared } from './define-model.ts'
import { recordSources, sourcesOf } from './vector-sources.ts'

type PreparedInput = Pick<Prepared<GenerateFacesInput>, 'input' | 'echo'>

const octets = 'application/octet-stream'

// Random seeds have 32 bits, as is usual in PyTorch.
const randomSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0]!

/** Encodes the vector of a request. Throws a 422 problem. */
const encodeEmbedding = (values: readonly number[], size: number): Uint8Array => {
  const checked = checkEmbedding(values, size)
  if (checked.problem !== undefined) {
    throw fieldProblem(['body', 'input', 'embedding'], checked.problem, 'embedding_invalid')
  }
  return encodeVector(checked.embedding)
}

/**
 * Reads an earlier prediction and the face vector of its person, and records that this one copies it. Throws a 404, 409 or
 * 410 problem.
 */
const readEarlier = async (id: string, context: PrepareContext) => {
  const record = arc2faceRecord(await context.find(id))
  if (!record) throw new Problem(409, `The prediction ${id} was made by a different model`)
  if (hasExpired(record)) throw new Problem(410, `The data of the prediction ${id} has been removed`)
  const sources = [id, ...sourcesOf(record.input)]
  // Before the vector is read, so that an erasure that destroys its key afterwards finds this prediction.
  await recordSources(sources, context)
  const artifact = await context.store.get(record.input.identityKey ?? artifactKeys.identity(id))
  if (!artifact) throw new Problem(409, `The prediction ${id} has no face vector, or has not computed it yet`)
  return { record, sources, identity: await readAll(artifact) }
}

/** Stores the person's face vector for this prediction, and returns its key. */
const storeIdentity = async (vector: Uint8Array, { predictionId, store }: PrepareContext): Promise<string> => {
  const key = artifactKeys.identity(predictionId)
  await store.put(key, vector, { contentType: octets, ifAbsent: true })
  return key
}

/** Prepares a prediction that makes the images of an earlier one again: it copies everything that they depend on. */
const replay = async (id: string, context: PrepareContext): Promise<PreparedInput> => {
  const { record, sources, identity } = await readEarlier(id, context)
  if (!record.result) throw new Problem(409, `The prediction ${id} has not succeeded`)
  const { madeWith, images } = record.result
  const isOther = ({ bundleSha256 }: MadeWith) => bundleSha256 !== context.bundle.sha256
  if ([madeWith, ...images.map((image) => image.madeWith ?? madeWith)].some(isOther)) {
    throw new Problem(409, `The prediction ${id} was made with a different model bundle`)
  }
  const { faceSelection, minFaceSizePx, settings, replayOf = id } = record.input
  context.requireCost({ replay_of: images.length * settings.num_steps })
  return {
    input: {
      photos: [],
      identityKey: await storeIdentity(identity, context),
      sources,
      faceSelection,
      minFaceSizePx,
      seeds: images.map(({ seed }) => seed),
      settings,
      maxAttempts: 1,
      replayOf,
    },
    echo: { replay_of: id },
  }
}

/** Turns a parsed input into the input of the workflow: stores bytes, and chooses seeds. */
export const prepareArc2Face = async (input: Arc2FaceInput, context: PrepareContext): Promise<PreparedInput> => {
  const { bundle, resolvePhotos } = context
  const { input_image: _, input_images: __, embedding, ...rest } = input
  if (input.replay_of !== undefined) return replay(input.replay_of, context)

  const settings = diffusionSettings(input, bundle.defaults)
  checkSettings(settings, bundle)
  context.requireCost({
    num_images: input.num_images,
    num_steps: settings.num_steps,
    // Without it, each image is made once.
    ...(input.min_similarity !== undefined && { max_attempts: input.max_attempts }),
  })
  const photos = await resolvePhotos(input)
  const earlier = input.identity_of === undefined ? undefined : await readEarlier(input.identity_of, context)
  const vector = embedding ? encodeEmbedding(embedding, bundle.embeddingSize) : earlier?.identity
  const seed = input.seed === undefined || input.randomize_seed ? randomSeed() : input.seed
  return {
    input: {
      photos: photos.sources,
      ...(vector && { identityKey: await storeIdentity(vector, context) }),
      ...(earlier && { sources: earlier.sources }),
      faceSelection: input.face_selection,
      minFaceSizePx: input.min_face_size,
      seeds: Array.from({ length: input.num_images }, (_, index) => seed + index),
      settings,
      ...(input.min_similarity !== undefined && { minSimilarity: input.min_similarity }),
      maxAttempts: input.max_attempts,
    },
    echo: {
      ...photos.echo,
      ...(embedding && { embedding: `(${embedding.length} numbers)` }),
      ...rest,
      ...settings,
      seed,
    },
  }
}
