import type { DiffusionSpec } from '../../contracts/bundle-manifest.ts'
import { BundleError } from '../bundle-error.ts'
import type { Network } from '../engine/runtime.ts'
import { feedsOf, type NetworkOutputs } from './feeds.ts'
import type { LatentShape, UnetRow } from './unet-row.ts'

export interface Unet {
  /** Predictions of the rows, in their order. All samples have the shape `shape`, [channels, height, width]. */
  predict(rows: readonly UnetRow[], shape: LatentShape): Promise<Float32Array[]>
}

/** The UNet with the inputs that its manifest declares. `conditioningNetworks` run first, on the same rows. */
export const createUnet = (
  network: Network,
  spec: DiffusionSpec,
  conditioningNetworks: Readonly<Record<string, Network>> = {},
): Unet => ({
  predict: async (rows, shape) => {
    const outputs: Record<string, NetworkOutputs[string]> = {}
    for (const [name, { inputs }] of Object.entries(spec.conditioningNetworks)) {
      outputs[name] = await conditioningNetworks[name]!.run(feedsOf(inputs, rows, { spec, shape }))
    }
    const { noise_pred } = await network.run(feedsOf(spec.unet.inputs, rows, { spec, shape, outputs }))
    if (!noise_pred) throw new BundleError('The UNet has no output noise_pred')
    const length = noise_pred.data.length / rows.length
    return rows.map((_, i) => noise_pred.data.slice(i * length, (i + 1) * length))
  },
})
