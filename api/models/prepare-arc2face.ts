import type { Arc2FaceInput } from '../../contracts/arc2face.ts'
import { artifactKeys } from '../../contracts/artifact-keys.ts'
import { diffusionSettings } from '../../contracts/diffusion-settings.ts'
import { checkEmbedding, encodeVector } from '../../contracts/embedding.ts'
import type { GenerateFacesInput, MadeWith } from '../../contracts/generate-faces.ts'
import { hasExpired } from '../../contracts/prediction-view.ts'
import type { PredictionRecord } from '../../contracts/record.ts'
import { type ArtifactStore, readAll } from '../../storage/store.ts'
import { fieldProblem } from '../parse-body.ts'
import { createPhotoSources } from '../photo-source.ts'
import { Problem } from '../problem.ts'
import { checkSettings } from './check-settings.ts'
import type { BundleInfo, RequestOptions } from './model.ts'

export interface PrepareDeps {
  store: ArtifactStore
  publicUrl: string
  bundle: BundleInfo
  /** A prediction of this tenant. Throws a 404 problem. */
  find(id: string, tenant: string): Promise<PredictionRecord>
}

const octets = 'application/octet-stream'

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
export const createPrepareArc2Face = ({ store, publicUrl, bundle, find }: PrepareDeps) => {
  const resolvePhotos = createPhotoSources({ store, publicUrl })

  /** An earlier prediction whose person can be used, and the person's vector. Throws a 404, 409 or 410 problem. */
  const readEarlier = async (id: string, tenant: string) => {
    const record = await find(id, tenant)
    if (record.workflow !== 'generateFaces') throw new Problem(409, `The prediction ${id} is of another model`)
    if (hasExpired(record)) throw new Problem(410, `The data of the prediction ${id} has been removed`)
    const artifact = await store.get(record.input.identityKey ?? artifactKeys.identity(id))
    if (!artifact) throw new Problem(409, `The prediction ${id} has no face vector, or not yet`)
    return { record, identity: await readAll(artifact) }
  }

  const isOther = ({ bundleSha256 }: MadeWith) => bundleSha256 !== bundle.sha256

  const replay = async (id: string, { tenant, ...options }: RequestOptions): Promise<GenerateFacesInput> => {
    const { record, identity } = await readEarlier(id, tenant)
    if (!record.result) throw new Problem(409, `The prediction ${id} has not succeeded`)
    const { madeWith, images } = record.result
    if ([madeWith, ...images.map((image) => image.madeWith ?? madeWith)].some(isOther)) {
      throw new Problem(409, `The prediction ${id} was made with another model bundle`)
    }
    const identityKey = artifactKeys.identity(options.predictionId)
    await store.put(identityKey, identity, { contentType: octets, ifAbsent: true })
    const { minSimilarity: _, photos: __, ...input } = record.input
    return {
      ...input,
      ...options,
      photos: [],
      identityKey,
      seeds: images.map(({ seed }) => seed),
      maxAttempts: 1,
      replayOf: record.input.replayOf ?? id,
      echo: { replay_of: id },
    }
  }

  return async (input: Arc2FaceInput, options: RequestOptions): Promise<GenerateFacesInput> => {
    const { tenant, ...workflowOptions } = options
    const { predictionId } = options
    const { input_image: _, input_images: __, embedding, ...rest } = input
    if (input.replay_of !== undefined) return replay(input.replay_of, options)

    const settings = diffusionSettings(input, bundle.defaults)
    checkSettings(settings, bundle)
    const photos = await resolvePhotos(input, { predictionId, tenant })
    const vector = embedding
      ? encodeEmbedding(embedding, bundle.embeddingSize)
      : input.identity_of !== undefined
        ? (await readEarlier(input.identity_of, tenant)).identity
        : undefined
    const identityKey = vector && artifactKeys.identity(predictionId)
    if (identityKey) await store.put(identityKey, vector, { contentType: octets, ifAbsent: true })

    const seed = input.seed === undefined || input.randomize_seed ? randomSeed() : input.seed
    return {
      ...workflowOptions,
      photos: photos.sources,
      ...(identityKey && { identityKey }),
      faceSelection: input.face_selection,
      minFaceSizePx: input.min_face_size,
      seeds: Array.from({ length: input.num_images }, (_, index) => seed + index),
      settings,
      ...(input.min_similarity !== undefined && { minSimilarity: input.min_similarity }),
      maxAttempts: input.max_attempts,
      echo: {
        ...photos.echo,
        ...(embedding && { embedding: `(${embedding.length} numbers)` }),
        ...rest,
        ...settings,
        seed,
      },
    }
  }
}
