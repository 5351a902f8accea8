import type { Bundle } from '../inference/bundle.ts'
import { loadNetwork } from '../inference/runtime.ts'

const known = ['cpu', 'cuda', 'tensorrt', 'webgpu']

/**
 * onnxruntime's execution providers for a value of IDEM_EXECUTION_PROVIDER; `auto` is the CPU so far. Throws where the
 * one that was asked for cannot run a network here: there is no silent fallback.
 */
export const executionProvidersFor = async (name: string, bundle: Bundle): Promise<string[]> => {
  if (name === 'auto' || name === 'cpu') return ['cpu']
  if (!known.includes(name)) {
    throw new Error(`IDEM_EXECUTION_PROVIDER is ${JSON.stringify(name)}; it takes auto, ${known.join(', ')}`)
  }
  try {
    const network = await loadNetwork(bundle.path(bundle.manifest.diffusion.vaeDecoder.file), {
      executionProviders: [name],
    })
    await network.release()
  } catch (cause) {
    throw new Error(`IDEM_EXECUTION_PROVIDER is ${name}, which cannot be used on this machine`, { cause })
  }
  return [name]
}
