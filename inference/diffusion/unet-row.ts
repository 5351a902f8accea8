import type { Conditionings } from './conditionings.ts'
import type { PromptEmbedding } from './text-encoder.ts'

export type LatentShape = readonly [channels: number, height: number, width: number]

/** One row of a batch: rows may come from different jobs at different timesteps. */
export interface UnetRow {
  /** [channels, height, width] */
  readonly sample: Float32Array
  readonly timestep: number
  readonly prompt: PromptEmbedding
  /** The value of every conditioning that the bundle declares. */
  readonly conditionings: Conditionings
}
