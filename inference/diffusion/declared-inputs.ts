import type { DiffusionSpec } from '../../contracts/bundle-manifest.ts'
import type { NetworkInputs } from '../../contracts/network-inputs.ts'
import { BundleError } from '../bundle-error.ts'
import type { Network } from '../engine/runtime.ts'
import { rowDims } from './feeds.ts'

const difference = (a: readonly string[], b: readonly string[]): string[] =>
  [...new Set(a)].filter((name) => !b.includes(name))

/** Throws `BundleError` unless the inputs and the conditionings and networks of a manifest refer to each other, all of them. */
export const checkDeclarations = (
  spec: Pick<DiffusionSpec, 'unet' | 'conditionings' | 'conditioningNetworks'>,
): void => {
  const networks = [spec.unet, ...Object.values(spec.conditioningNetworks)]
  const sources = networks.flatMap(({ inputs }) => Object.values(inputs))
  const taken = sources.flatMap((source) =>
    typeof source === 'object' && 'conditioning' in source ? source.conditioning : [],
  )
  const run = sources.flatMap((source) => (typeof source === 'object' && 'network' in source ? source.network : []))
  const conditionings = Object.keys(spec.conditionings)
  const conditioningNetworks = Object.keys(spec.conditioningNetworks)
  const faults = [
    ...difference(taken, conditionings).map((name) => `no conditioning ${name} is declared, which an input takes`),
    ...difference(run, conditioningNetworks).map(
      (name) => `no network ${name} is declared, whose output the UNet takes`,
    ),
    ...difference(conditionings, taken).map((name) => `no input takes the conditioning ${name}`),
    ...difference(conditioningNetworks, run).map(
      (name) => `no input of the UNet takes an output of the network ${name}`,
    ),
  ]
  if (faults.length > 0) throw new BundleError(`The manifest contradicts itself: ${faults.join('; ')}`)
}

/** Whether a network takes rows of these dims; a size that its file leaves open fits any. */
const takes = (own: readonly (number | string)[], dims: readonly number[]): boolean =>
  own.length === dims.length + 1 &&
  dims.every((size, k) => {
    const there = own[k + 1]
    return typeof there !== 'number' || there <= 0 || there === size
  })

/** Throws `BundleError` unless a network has exactly the inputs of these names. */
export const checkInputNames = (file: string, network: Network, declared: readonly string[]): void => {
  const missing = difference(declared, network.inputs)
  if (missing.length > 0) {
    throw new BundleError(`${file} does not have the input ${missing.join(', ')} that the manifest declares`)
  }
  const undeclared = difference(network.inputs, declared)
  if (undeclared.length > 0) {
    throw new BundleError(`${file} has the input ${undeclared.join(', ')}, which the manifest does not declare`)
  }
}

/** Throws `BundleError` unless a network has exactly the declared inputs, in the declared shapes, as float32. */
export const checkInputs = (file: string, network: Network, inputs: NetworkInputs, spec: DiffusionSpec): void => {
  checkInputNames(file, network, Object.keys(inputs))
  for (const [name, source] of Object.entries(inputs)) {
    const type = network.inputTypes[name]
    if (type !== 'float32') throw new BundleError(`The input ${name} of ${file} is ${type}; only float32 is supported`)
    const own = network.inputDims[name] ?? []
    const dims = rowDims(source, spec, spec.latentShape)
    if (!dims || takes(own, dims)) continue
    const wanted = ['batch', ...dims].join(', ')
    throw new BundleError(
      `The input ${name} of ${file} has the shape [${own.join(', ')}]; the manifest requires [${wanted}]`,
    )
  }
}

/** Throws `BundleError` unless the conditioning networks have the outputs that the UNet takes. `outputs` are their names. */
export const checkOutputs = (outputs: Readonly<Record<string, readonly string[]>>, { unet }: DiffusionSpec): void => {
  for (const source of Object.values(unet.inputs)) {
    if (typeof source === 'string' || !('network' in source)) continue
    if (outputs[source.network]?.includes(source.output)) continue
    throw new BundleError(`The network ${source.network} does not have the output ${source.output} that the UNet uses`)
  }
}
