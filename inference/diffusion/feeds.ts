import type { DiffusionSpec } from '../../contracts/bundle-manifest.ts'
import type { InputSource, NetworkInputs, RowSource } from '../../contracts/network-inputs.ts'
import { mapValues } from '../../lib/map-values.ts'
import type { NamedTensor } from '../engine/runtime.ts'
import { concatenate } from '../numeric/concatenate.ts'
import type { LatentShape, UnetRow } from './unet-row.ts'

/** Outputs of networks that ran before, by network and name. */
export type NetworkOutputs = Readonly<Record<string, Readonly<Record<string, NamedTensor>>>>

interface RowValue {
  /** Shape of one row's value. */
  dims(spec: DiffusionSpec, shape: LatentShape): readonly number[]
  of(row: UnetRow): Float32Array
}

const rowValues = {
  latents: { dims: (_, shape) => shape, of: ({ sample }) => sample },
  timestep: { dims: () => [], of: ({ timestep }) => Float32Array.of(timestep) },
  prompt: { dims: ({ inputIds, hiddenSize }) => [inputIds.length, hiddenSize], of: ({ prompt }) => prompt },
} satisfies Record<RowSource, RowValue>

const rowValueOf = (source: Exclude<InputSource, { network: string }>): RowValue => {
  if (typeof source === 'string') return rowValues[source]
  const name = source.conditioning
  return { dims: ({ conditionings }) => conditionings[name]!.dims, of: ({ conditionings }) => conditionings[name]! }
}

/** Shape of one row of an input; undefined if another network decides it. */
export const rowDims = (source: InputSource, spec: DiffusionSpec, shape: LatentShape): readonly number[] | undefined =>
  typeof source === 'object' && 'network' in source ? undefined : rowValueOf(source).dims(spec, shape)

/** What a network is run with for these rows: the value of each declared input, in the rows' order. */
export const feedsOf = (
  inputs: NetworkInputs,
  rows: readonly UnetRow[],
  { spec, shape, outputs = {} }: { spec: DiffusionSpec; shape: LatentShape; outputs?: NetworkOutputs },
): Record<string, NamedTensor> => {
  const tensorOf = (source: InputSource): NamedTensor => {
    if (typeof source === 'object' && 'network' in source) return outputs[source.network]![source.output]!
    const { dims, of } = rowValueOf(source)
    return { data: concatenate(rows.map(of)), dims: [rows.length, ...dims(spec, shape)] }
  }
  return mapValues(inputs, tensorOf)
}
