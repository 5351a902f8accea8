// What the API hands to the workflow `generateFaces`, and what it gives back. Keys, never bytes or vectors: this is history.

import type { DiffusionSettings } from './diffusion-settings.ts'
import type { PredictionInput } from './prediction-options.ts'
import type { StepProgress } from './step-progress.ts'

/** A photo to take in: fetched from a URL, or already in the artifact store. */
export type PhotoSource = { readonly url: string } | { readonly key: string }

export type FaceSelection = 'largest' | 'central' | 'best_score' | number

export interface GenerateFacesInput extends PredictionInput {
  /** Photos of one person; empty where an identity is given. */
  readonly photos: readonly PhotoSource[]
  /** Key of a vector that the caller gave in place of photos. */
  readonly identityKey?: string
  readonly faceSelection: FaceSelection
  readonly minFaceSizePx: number
  /** One an image: image k is reproducible from `seeds[k]` alone. */
  readonly seeds: readonly number[]
  readonly settings: DiffusionSettings
  /** Cosine below which an image is made again with another seed, as long as attempts are left. */
  readonly minSimilarity?: number
  /** How often an image may be made in all. */
  readonly maxAttempts: number
  /** The prediction that is made again: its images are marked as that one's, and come out byte for byte. */
  readonly replayOf?: string
}

export type Box = readonly [x1: number, y1: number, x2: number, y2: number]
export type Point = readonly [x: number, y: number]

export interface FoundFace {
  /** Pixels of the upright photo. */
  readonly box: Box
  readonly landmarks: readonly Point[]
  readonly score: number
  /** How many faces the photo has. */
  readonly faces: number
}

export interface ImageResult {
  /** Key of the published file. */
  readonly key: string
  readonly seed: number
  /** Of the published file, in hexadecimal. */
  readonly sha256: string
  /** Of its pixels as RGB bytes, row by row, in hexadecimal. */
  readonly pixelsSha256: string
  /** Cosine to the given identity; null where no face was found in the image. */
  readonly similarity: number | null
  /** What made this image, if not what made the first one. */
  readonly madeWith?: MadeWith
  /** Every seed that was tried for this image, the kept one included. */
  readonly attempts: readonly { readonly seed: number; readonly similarity: number | null }[]
}

export interface GenerateFacesResult {
  readonly images: readonly ImageResult[]
  /** One a photo. */
  readonly faces: readonly FoundFace[]
  /** What made the first image, and every other one that does not say otherwise. */
  readonly madeWith: MadeWith
  /** Milliseconds by activity, queueing included. */
  readonly timingsMs: Readonly<Record<string, number>>
}

/** Software and model of a diffusion: with the seeds and the parameters all that its result depends on. */
export interface MadeWith {
  /** Name and version: `Idem 0.1.0`. */
  readonly software: string
  readonly onnxruntime: string
  readonly executionProviders: readonly string[]
  /** SHA-256 of the model bundle's manifest, which holds those of its files. */
  readonly bundleSha256: string
}

/** Heartbeat details of `generateImages`. */
export interface DiffusionProgress extends StepProgress {
  /** Where the state after the last stored step lies. */
  readonly checkpointKey?: string
}
