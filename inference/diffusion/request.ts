import { createHash } from 'node:crypto'
import type { DiffusionSpec } from '../../contracts/bundle-manifest.ts'
import type { DiffusionSettings } from '../../contracts/diffusion-settings.ts'
import { type FailureType, failures } from '../../contracts/failures.ts'
import type { Checkpoint, RunIdentity } from './checkpoint.ts'

export interface ImageRequest {
  /** Unit vector of the person. */
  readonly embedding: Float32Array
  readonly seed: number | bigint
  /**
   * Values of the conditionings that the bundle's manifest declares, by name; a number where one number is meant. What is
   * missing is the setting of that name, or the manifest's default.
   */
  readonly conditionings?: Readonly<Record<string, Float32Array | number>>
  /** Standard normals [channels, height, width] to begin with, instead of the seed's. */
  readonly latents?: Float32Array
  /** Standard normals of the solver [draws, channels, height, width], instead of the seed's. */
  readonly noise?: Float32Array
}

export interface GenerateRequest {
  readonly images: readonly ImageRequest[]
  readonly settings: DiffusionSettings
  /** Resumes after a step that was done earlier. */
  readonly resume?: Checkpoint
}

/** The networks that a diffusion runs on. */
export interface DiffusionModel {
  readonly spec: DiffusionSpec
  /** SHA-256 of the bundle's manifest. */
  readonly bundleSha256: string
}

const digest = (images: readonly ImageRequest[]): string => {
  const hash = createHash('sha256')
  const add = (part: Float32Array | undefined) => {
    hash.update(`${part?.length ?? 'none'};`)
    if (part) hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength))
  }
  for (const { embedding, latents, noise, conditionings = {} } of images) {
    for (const part of [embedding, latents, noise]) add(part)
    for (const [name, value] of Object.entries(conditionings).sort(([a], [b]) => (a < b ? -1 : 1))) {
      hash.update(`${JSON.stringify(name)};`)
      add(typeof value === 'number' ? Float32Array.of(value) : value)
    }
  }
  return hash.digest('hex')
}

/** What a checkpoint of this request belongs to. */
export const identityOf = ({ images, settings }: GenerateRequest, bundleSha256: string): RunIdentity => ({
  bundleSha256,
  settings,
  seeds: images.map(({ seed }) => `${seed}`),
  inputs: digest(images),
})

/** The request does not fit the bundle; the message says what. */
export class RequestError extends Error {
  override name = 'RequestError'
  readonly type: FailureType
  constructor(message: string, type: FailureType = failures.settingsInvalid) {
    super(message)
    this.type = type
  }
}

/** Rows of several jobs share a call, so an array of another length must not get that far. Throws `RequestError`. */
export const checkLengths = (
  { images }: GenerateRequest,
  { embeddingSize }: DiffusionSpec,
  length: number,
  draws: number,
): void => {
  if (images.length === 0) throw new RequestError('The request has no images')
  for (const [k, { embedding, latents, noise }] of images.entries()) {
    const check = (what: string, found: number | undefined, wanted: number, type?: FailureType) => {
      if (found === undefined || found === wanted) return
      throw new RequestError(`Image ${k}: ${what} has ${found} numbers, not ${wanted}`, type)
    }
    check('the embedding', embedding.length, embeddingSize, failures.embeddingInvalid)
    check('latents', latents?.length, length)
    if (draws > 0) check('noise', noise?.length, draws * length)
  }
}
