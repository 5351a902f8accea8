import type { DiffusionSpec } from '../../contracts/bundle-manifest.ts'
import { BundleError } from '../bundle-error.ts'
import type { Network } from '../engine/runtime.ts'

/** Tells the network that no token is replaced. */
const NO_FACE = -1n

/** Text encoder output for one row, [tokens, hidden], flattened. */
export type PromptEmbedding = Float32Array

/** The inputs of every text encoder. */
export const textEncoderInputs = ['input_ids', 'face_embedding', 'face_position'] as const

export interface TextEncoder {
  /** The bundle's prompt with the unit face vector [embeddingSize] in the place of its `id` token. */
  encodeFace(embedding: Float32Array): Promise<PromptEmbedding>
  /** The empty prompt, for guidance. */
  encodeEmpty(): Promise<PromptEmbedding>
}

export const createTextEncoder = (network: Network, spec: DiffusionSpec): TextEncoder => {
  // One row a call, so that an identity's embedding never depends on whom it was encoded with.
  const encode = async (ids: readonly number[], embedding: Float32Array, position: bigint) => {
    const { prompt_embeds } = await network.run({
      input_ids: { data: BigInt64Array.from(ids, BigInt), dims: [1, ids.length] },
      face_embedding: { data: embedding, dims: [1, spec.embeddingSize] },
      face_position: { data: BigInt64Array.of(position), dims: [1] },
    })
    if (!prompt_embeds) throw new BundleError('The text encoder has no output prompt_embeds')
    return prompt_embeds.data
  }
  return {
    encodeFace: (embedding) => encode(spec.inputIds, embedding, BigInt(spec.idPosition)),
    encodeEmpty: () => encode(spec.negativeInputIds, new Float32Array(spec.embeddingSize), NO_FACE),
  }
}
