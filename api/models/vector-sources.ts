import { artifactKeys } from '../../contracts/artifact-keys.ts'
import type { GenerateFacesInput } from '../../contracts/generate-faces.ts'
import { limits } from '../../contracts/limits.ts'
import { Problem } from '../problem.ts'
import type { PrepareContext } from './define-model.ts'

// A prediction of the person of an earlier one has its own copy of the vector. The erasure of the earlier one must find it.

/** The predictions that a prediction's vector was copied from, the nearest first. */
export const sourcesOf = ({ sources, echo }: Pick<GenerateFacesInput, 'sources' | 'echo'>): readonly string[] => {
  if (sources) return sources
  // Earlier releases kept only the prediction that the request named.
  const named = echo.identity_of ?? echo.replay_of
  return typeof named === 'string' ? [named] : []
}

/** Records with each source that this prediction has a copy. Throws a 409 problem if there are too many sources. */
export const recordSources = async (
  sources: readonly string[],
  { predictionId, tenant, store }: Pick<PrepareContext, 'predictionId' | 'tenant' | 'store'>,
): Promise<void> => {
  if (sources.length > limits.derivations) {
    const message = `The person of this prediction has been copied ${limits.derivations} times in a row; send the photo again`
    throw new Problem(409, message)
  }
  const record = (source: string) =>
    store.put(artifactKeys.derived(tenant, source, predictionId), new Uint8Array(), { contentType: 'text/plain' })
  await Promise.all(sources.map(record))
}
