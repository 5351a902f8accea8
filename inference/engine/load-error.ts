import { basename } from 'node:path'
import { failures } from '../../contracts/failures.ts'
import { fromBase64 } from '../../lib/base64.ts'
import { succeeds } from '../../lib/succeeds.ts'
import { BundleError } from '../bundle-error.ts'
import { isOutOfMemory, OutOfMemory } from './out-of-memory.ts'

/** An execution provider that this machine does not have, or cannot use any more. */
export class ProviderMissing extends Error {
  override name = 'ProviderMissing'
  readonly type = failures.providerMissing
}

/** ONNX: y = -x for one number. */
const smallestNetwork = fromBase64('CAg6MgoLCgF4EgF5IgNOZWcSAWdaDwoBeBIKCggIARIECgIIAWIPCgF5EgoKCAgBEgQKAggBQgIQDQ==')!

export interface FailedLoad {
  /** Path of the network. */
  path: string
  executionProviders: readonly string[]
  /** Loads another network on the same providers. */
  load(network: Uint8Array): Promise<void>
}

/** Why a network cannot be loaded: memory, the providers if they load no other one either, or else its file. */
export const loadError = async (cause: unknown, { path, executionProviders, load }: FailedLoad): Promise<Error> => {
  const file = basename(path)
  if (isOutOfMemory(cause)) return new OutOfMemory(`The device has no memory for the network ${file}`, { cause })
  const providersWork = await succeeds(load(smallestNetwork))
  if (providersWork) return new BundleError(`Cannot load the network ${file}`, { cause })
  const names = executionProviders.join(', ')
  return new ProviderMissing(`The execution provider ${names} cannot be used on this machine`, { cause })
}
