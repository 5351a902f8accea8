import type { Bundle } from '../inference/bundle.ts'
import { ProviderMissing } from '../inference/engine/load-error.ts'
import { loadNetwork } from '../inference/engine/runtime.ts'
import { adviceFor } from './providers/advice.ts'
import { chooseProvider } from './providers/auto.ts'
import { tryProvider } from './providers/trial.ts'

export const knownProviders = ['cpu', 'cuda', 'tensorrt', 'webgpu'] as const

/**
 * onnxruntime's execution providers for a value of IDEM_EXECUTION_PROVIDER; `auto` is the best one that runs here.
 * Throws if the requested provider cannot run a network here, and says what is missing: there is no silent fallback.
 */
export const executionProvidersFor = async (
  name: string,
  bundle: Bundle,
  log: (line: string) => void = () => undefined,
): Promise<string[]> => {
  if (name === 'cpu') return ['cpu']
  if (name === 'auto') {
    const { provider, passed } = await chooseProvider({
      tryProvider: (candidate, timeoutMs) => tryProvider(candidate, bundle, { timeoutMs }),
    })
    log(`the diffusion runs on ${provider}${passed.map((why) => `; ${why}`).join('')}`)
    return [provider]
  }
  if (!knownProviders.includes(name as (typeof knownProviders)[number])) {
    throw new Error(`IDEM_EXECUTION_PROVIDER is ${JSON.stringify(name)}; use one of auto, ${knownProviders.join(', ')}`)
  }
  try {
    const network = await loadNetwork(bundle.path(bundle.manifest.diffusion.vaeDecoder.file), {
      executionProviders: [name],
    })
    await network.release()
  } catch (cause) {
    if (!(cause instanceof ProviderMissing)) throw cause
    const advice = (await adviceFor(name)).map((line) => `\n  ${line}`).join('')
    throw new ProviderMissing(
      `IDEM_EXECUTION_PROVIDER is ${name}, which cannot be used on this machine${advice && `:${advice}`}`,
      {
        cause,
      },
    )
  }
  return [name]
}
