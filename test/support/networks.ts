import { type Bundle, loadBundle } from '../../inference/bundle.ts'
import { createTextEncoder } from '../../inference/diffusion/text-encoder.ts'
import { createUnet } from '../../inference/diffusion/unet.ts'
import { createVaeDecoder } from '../../inference/diffusion/vae.ts'
import { loadNetwork } from '../../inference/engine/runtime.ts'

/** A bundle's diffusion networks in this thread. */
export const loadDiffusion = async (folder: string) => {
  const bundle: Bundle = await loadBundle(folder)
  const spec = bundle.manifest.diffusion
  const load = (file: string) => loadNetwork(bundle.path(file))
  return {
    bundle,
    spec,
    model: { spec, bundleSha256: bundle.sha256 },
    textEncoder: createTextEncoder(await load(spec.textEncoder.file), spec),
    unet: createUnet(await load(spec.unet.file), spec.hiddenSize),
    vaeDecoder: createVaeDecoder(await load(spec.vaeDecoder.file)),
  }
}

export type Diffusion = Awaited<ReturnType<typeof loadDiffusion>>
