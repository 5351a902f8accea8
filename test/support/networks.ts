import { type Bundle, loadBundle } from '../../inference/bundle.ts'
import { loadDiffusion as loadNetworks } from '../../inference/diffusion/load-diffusion.ts'
import { loadNetwork } from '../../inference/engine/runtime.ts'

/** A bundle's diffusion networks in this thread. */
export const loadDiffusion = async (folder: string) => {
  const bundle: Bundle = await loadBundle(folder)
  const spec = bundle.manifest.diffusion
  const networks = await loadNetworks(spec, (file) => loadNetwork(bundle.path(file)))
  return { ...networks, bundle, spec, model: { spec, bundleSha256: bundle.sha256 } }
}

export type Diffusion = Awaited<ReturnType<typeof loadDiffusion>>
