import type { PhotoSource } from './generate-faces.ts'
import type { PredictionInput } from './prediction-options.ts'

// What the API hands to the workflow `embedFaces`, and what it gives back. Vectors stay in the store.

export interface EmbedFacesInput extends PredictionInput {
  readonly photos: readonly PhotoSource[]
}

export interface EmbedFacesResult {
  /** One JSON artifact a photo: a `PhotoFaces`. */
  readonly facesKeys: readonly string[]
  readonly timingsMs: Readonly<Record<string, number>>
}

/** The faces of a photo, largest first. Names as the `faces` command writes them. */
export interface PhotoFaces {
  readonly width: number
  readonly height: number
  readonly faces: readonly {
    /** x1, y1, x2, y2 in pixels of the upright photo. */
    readonly bbox: readonly number[]
    /** Eyes, nose, corners of the mouth. */
    readonly kps: readonly (readonly number[])[]
    readonly score: number
    /** Unit vector; `idem/arc2face` takes it as its `embedding`. */
    readonly embedding: readonly number[]
  }[]
}
