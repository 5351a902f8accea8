import type { Bundle } from '../../inference/bundle.ts'
import { knownProviders } from '../../worker/execution-provider.ts'
import { adviceFor } from '../../worker/providers/advice.ts'
import { missingProviderFiles } from '../../worker/providers/provider-libraries.ts'
import { tryProvider } from '../../worker/providers/trial.ts'
import { type Finding, gap, note, ok } from './finding.ts'

const timeoutMs = 60_000

/** Tries every provider, not only `wanted` (the value of IDEM_EXECUTION_PROVIDER). */
export const checkProviders = async (wanted: string, bundle: Bundle): Promise<Finding[]> => {
  const findings: Finding[] = []
  for (const provider of knownProviders) {
    const check = `provider ${provider}`
    const isLibrary = provider === 'cuda' || provider === 'tensorrt'
    const trial =
      isLibrary && missingProviderFiles(provider).length > 0
        ? { works: false as const, reason: 'its libraries are not installed' }
        : await tryProvider(provider, bundle, { timeoutMs })
    const asked = provider === wanted || (wanted === 'auto' && provider === 'cpu')
    if (trial.works) findings.push(ok(check, `a run of the VAE decoder takes ${trial.runMs.toFixed(1)} ms`))
    else if (asked) findings.push(gap(check, trial.reason, ...(await adviceFor(provider))))
    else findings.push(note(check, trial.reason, ...(await adviceFor(provider))))
  }
  if (wanted !== 'auto' && !knownProviders.includes(wanted as (typeof knownProviders)[number])) {
    const takes = `use one of auto, ${knownProviders.join(', ')}`
    findings.push(gap('provider', `IDEM_EXECUTION_PROVIDER is ${JSON.stringify(wanted)}`, takes))
  }
  return findings
}
