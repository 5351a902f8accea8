import { basename } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { BundleError } from '../bundle-error.ts'
import { loadError } from './load-error.ts'

export type TensorData = Float32Array | BigInt64Array

/** Row-major tensor as networks take and give it. */
export interface NamedTensor {
  readonly data: TensorData
  readonly dims: readonly number[]
}

/** One loaded network. `run` blocks the calling thread: call it in a worker thread only. */
export interface Network {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Every input's shape as the file has it; what it leaves open is a name. */
  readonly inputDims: Readonly<Record<string, readonly (number | string)[]>>
  /** Every input's element type: float32, int64, …. */
  readonly inputTypes: Readonly<Record<string, string>>
  run(feeds: Record<string, NamedTensor>): Promise<Record<string, { data: Float32Array; dims: readonly number[] }>>
  release(): Promise<void>
}

export interface NetworkOptions {
  /** onnxruntime's names: cpu, cuda, tensorrt, webgpu. */
  executionProviders?: readonly string[]
  /** Threads of one operator; 0 or absent leaves it to onnxruntime. */
  threads?: number
}

/** Throws `BundleError` unless a network takes just what it is given: it is another one than its bundle says. */
const checkFeeds = (file: string, inputs: readonly string[], feeds: readonly string[]): void => {
  const unknown = feeds.find((name) => !inputs.includes(name))
  if (unknown !== undefined) throw new BundleError(`${file} has no input ${unknown}; it has ${inputs.join(', ')}`)
  const missing = inputs.find((name) => !feeds.includes(name))
  if (missing !== undefined) throw new BundleError(`${file} needs the input ${missing}, which is missing`)
}

/**
 * Loads an ONNX file. Throws `BundleError` if the file cannot be loaded, `ProviderMissing` if the device cannot be used,
 * and `OutOfMemory`, with onnxruntime's reason as `cause`.
 */
export const loadNetwork = async (path: string, options: NetworkOptions = {}): Promise<Network> => {
  const { executionProviders = ['cpu'], threads = 0 } = options
  const sessionOptions: InferenceSession.SessionOptions = {
    executionProviders: [...executionProviders],
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
    // Idle threads sleep: spinning ones take the processor from the other engines, from Temporal and from the API.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  }
  const session = await InferenceSession.create(path, sessionOptions).catch(async (cause) => {
    const load = async (network: Uint8Array) => (await InferenceSession.create(network, sessionOptions)).release()
    throw await loadError(cause, { path, executionProviders, load })
  })
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    inputDims: Object.fromEntries(
      session.inputMetadata.map((input) => [input.name, input.isTensor ? input.shape : []]),
    ),
    inputTypes: Object.fromEntries(
      session.inputMetadata.map((input) => [input.name, input.isTensor ? input.type : 'not a tensor']),
    ),
    run: async (feeds) => {
      checkFeeds(basename(path), session.inputNames, Object.keys(feeds))
      const tensors: Record<string, Tensor> = {}
      for (const [name, { data, dims }] of Object.entries(feeds)) {
        tensors[name] =
          data instanceof BigInt64Array ? new Tensor('int64', data, dims) : new Tensor('float32', data, dims)
      }
      const results = await session.run(tensors)
      return Object.fromEntries(
        Object.entries(results).map(([name, tensor]) => [
          name,
          { data: tensor.data as Float32Array, dims: tensor.dims },
        ]),
      )
    },
    release: () => session.release(),
  }
}
