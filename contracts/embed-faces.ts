import type { PhotoSource } from './generate-faces.ts'
import type { PredictionInput } from './prediction-options.ts'

// Input and result of the workflow `embedFaces`. Vectors stay in the store.

export interface EmbedFacesInput extends PredictionInput {
  readonly photos: readonly PhotoSource[]
}

export interface EmbedFacesResult {
  /** Keys of JSON artifacts with a `PhotoFaces`, one per photo. */
  readonly facesKeys: readonly string[]
  readonly timingsMs: Readonly<Record<string, number>>
}

/** The faces of a photo, largest first. The fields are named as in the output of the `faces` command. */
export interface PhotoFaces {
  readonly width: number
  readonly height: number
  readonly faces: readonly {
    /** x1, y1, x2, y2 in pixels of the photo, turned upright. */
    readonly bbox: readonly number[]
    /** Five landmarks: eyes, nose, corners of the mouth. */
    readonly kps: readonly (readonly number[])[]
    readonly score: number
    /** Degrees clockwise that turn the face upright; absent if the photo is upright. */
    readonly turn?: 90 | 180 | 270
    /** Vector of length 1, accepted by `idem/arc2face` as `embedding`. */
    readonly embedding: readonly number[]
  }[]
}
