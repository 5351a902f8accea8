// Input and result of the workflow `generateFaces`. They are stored in its history, so they hold keys, not bytes or
// vectors.

import type { DiffusionSettings } from './diffusion-settings.ts'
import type { PredictionInput } from './prediction-options.ts'
import type { StepProgress } from './step-progress.ts'

/** Where a photo comes from: a URL to fetch, or a key in the artifact store. */
export type PhotoSource = { readonly url: string } | { readonly key: string }

export type FaceSelection = 'largest' | 'central' | 'best_score' | number

export interface GenerateFacesInput extends PredictionInput {
  /** Photos of one person; empty if `identityKey` is given. */
  readonly photos: readonly PhotoSource[]
  /** Key of a face vector that is used instead of photos. */
  readonly identityKey?: string
  /** The predictions that this vector was copied from: the one that was named, and those that it was copied from. */
  readonly sources?: readonly string[]
  readonly faceSelection: FaceSelection
  readonly minFaceSizePx: number
  /** One per image: `seeds[k]` is enough to reproduce image k. */
  readonly seeds: readonly number[]
  readonly settings: DiffusionSettings
  /** Images with a lower cosine are made again with another seed while attempts remain. */
  readonly minSimilarity?: number
  /** How many times an image may be made in total. */
  readonly maxAttempts: number
  /** The prediction whose images are made again. They carry its id, and so are identical byte for byte. */
  readonly replayOf?: string
}

export type Box = readonly [x1: number, y1: number, x2: number, y2: number]
export type Point = readonly [x: number, y: number]

export interface FoundFace {
  /** In pixels of the photo, turned upright by its EXIF orientation. */
  readonly box: Box
  readonly landmarks: readonly Point[]
  readonly score: number
  /** Degrees clockwise that turn the face upright; absent if the photo is upright. */
  readonly turn?: 90 | 180 | 270
  /** Number of faces in the photo. */
  readonly faces: number
}

export interface ImageResult {
  /** Key of the published file. */
  readonly key: string
  readonly seed: number
  /** SHA-256 of the published file, in hexadecimal. */
  readonly sha256: string
  /** SHA-256 of its pixels as RGB bytes, row by row, in hexadecimal. */
  readonly pixelsSha256: string
  /** Cosine to the given identity; null if no face was found in the image. */
  readonly similarity: number | null
  /** Software and model that made this image, if they differ from those of the first image. */
  readonly madeWith?: MadeWith
  /** All seeds that were tried for this image, including the one kept. */
  readonly attempts: readonly { readonly seed: number; readonly similarity: number | null }[]
}

export interface GenerateFacesResult {
  readonly images: readonly ImageResult[]
  /** One per photo. */
  readonly faces: readonly FoundFace[]
  /** Software and model that made the first image, and every image without its own `madeWith`. */
  readonly madeWith: MadeWith
  /** Milliseconds per activity, including the time in the queue. */
  readonly timingsMs: Readonly<Record<string, number>>
}

/** Software and model of a diffusion. Together with the seeds and the settings they determine the result. */
export interface MadeWith {
  /** Name and version, for example `Idem 0.1.0`. */
  readonly software: string
  readonly onnxruntime: string
  readonly executionProviders: readonly string[]
  /** SHA-256 of the model bundle's manifest, which contains the hashes of its files. */
  readonly bundleSha256: string
}

/** Heartbeat details of `generateImages`. */
export interface DiffusionProgress extends StepProgress {
  /** Key of the state after the last stored step. */
  readonly checkpointKey?: string
}
