import { BundleError } from '../bundle-error.ts'
import type { Network } from '../engine/runtime.ts'
import { concatenate } from '../numeric/concatenate.ts'
import type { PromptEmbedding } from './text-encoder.ts'

/** One row of a batch: rows may come from different jobs at different timesteps. */
export interface UnetRow {
  /** [channels, height, width] */
  readonly sample: Float32Array
  readonly timestep: number
  readonly prompt: PromptEmbedding
}

export interface Unet {
  /** Predictions of the rows, in their order. All samples have the shape `shape`, [channels, height, width]. */
  predict(rows: readonly UnetRow[], shape: LatentShape): Promise<Float32Array[]>
}

export type LatentShape = readonly [channels: number, height: number, width: number]

/** `hiddenSize` is the width of a prompt embedding's token. */
export const createUnet = (network: Network, hiddenSize: number): Unet => ({
  predict: async (rows, shape) => {
    const tokens = (rows[0]?.prompt.length ?? 0) / hiddenSize
    const { noise_pred } = await network.run({
      sample: { data: concatenate(rows.map(({ sample }) => sample)), dims: [rows.length, ...shape] },
      timestep: { data: Float32Array.from(rows, ({ timestep }) => timestep), dims: [rows.length] },
      encoder_hidden_states: {
        data: concatenate(rows.map(({ prompt }) => prompt)),
        dims: [rows.length, tokens, hiddenSize],
      },
    })
    if (!noise_pred) throw new BundleError('The UNet has no output noise_pred')
    const length = noise_pred.data.length / rows.length
    return rows.map((_, i) => noise_pred.data.slice(i * length, (i + 1) * length))
  },
})
