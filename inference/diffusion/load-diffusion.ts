import type { DiffusionSpec } from '../../contracts/bundle-manifest.ts'
import { mapValues } from '../../lib/map-values.ts'
import type { Network } from '../engine/runtime.ts'
import { checkInputNames, checkInputs, checkOutputs } from './declared-inputs.ts'
import { createTextEncoder, type TextEncoder, textEncoderInputs } from './text-encoder.ts'
import { createUnet, type Unet } from './unet.ts'
import { createVaeDecoder, type VaeDecoder, vaeDecoderInputs } from './vae.ts'

export interface Diffusion {
  readonly textEncoder: TextEncoder
  readonly unet: Unet
  readonly vaeDecoder: VaeDecoder
}

/**
 * Loads the networks of a diffusion. Throws `BundleError` unless each has exactly the inputs that the manifest means.
 *
 * @example
 * const { unet } = await loadDiffusion(bundle.manifest.diffusion, (file) => loadNetwork(bundle.path(file)))
 */
export const loadDiffusion = async (
  spec: DiffusionSpec,
  load: (file: string) => Promise<Network>,
): Promise<Diffusion> => {
  const text = await load(spec.textEncoder.file)
  checkInputNames(spec.textEncoder.file, text, textEncoderInputs)
  const conditioning: Record<string, Network> = {}
  for (const [name, { file, inputs }] of Object.entries(spec.conditioningNetworks)) {
    conditioning[name] = await load(file)
    checkInputs(file, conditioning[name], inputs, spec)
  }
  const unet = await load(spec.unet.file)
  checkInputs(spec.unet.file, unet, spec.unet.inputs, spec)
  checkOutputs(
    mapValues(conditioning, ({ outputs }) => outputs),
    spec,
  )
  const vae = await load(spec.vaeDecoder.file)
  checkInputNames(spec.vaeDecoder.file, vae, vaeDecoderInputs)
  return {
    textEncoder: createTextEncoder(text, spec),
    unet: createUnet(unet, spec, conditioning),
    vaeDecoder: createVaeDecoder(vae),
  }
}
