import type { Point } from '../numeric/similarity-transform.ts'

/** A face in pixels of the upright photo; coordinates may lie outside it. */
export interface Face {
  /** x1, y1, x2, y2 */
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number]
  /** Eyes, nose, corners of the mouth; of two, the one at the left of the upright face first. */
  readonly landmarks: readonly Point[]
  /** How sure the detector is, 0 to 1. */
  readonly score: number
  /** Degrees clockwise that turn the face upright; absent if the photo is upright. */
  readonly turn?: 90 | 180 | 270
}

export interface EmbeddedFace extends Face {
  /** The face's identity as a unit vector. */
  readonly embedding: Float32Array
}

export const boxArea = ({ box: [x1, y1, x2, y2] }: Face): number => (x2 - x1) * (y2 - y1)
