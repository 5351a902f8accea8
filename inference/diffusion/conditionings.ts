import type { DiffusionSpec } from '../../contracts/bundle-manifest.ts'
import type { DiffusionSettings } from '../../contracts/diffusion-settings.ts'
import type { ConditioningSpec } from '../../contracts/network-inputs.ts'
import { mapValues } from '../../lib/map-values.ts'
import { type ImageRequest, RequestError } from './request.ts'

/** Values by the names that the bundle's manifest declares. */
export type Conditionings = Readonly<Record<string, Float32Array>>

const lengthOf = ({ dims }: ConditioningSpec): number => dims.reduce((a, b) => a * b, 1)

const toValues = (value: unknown): Float32Array | undefined => {
  if (value instanceof Float32Array) return value
  if (typeof value === 'number') return Float32Array.of(value)
  return Array.isArray(value) ? Float32Array.from(value) : undefined
}

/**
 * The value of every conditioning of the bundle for the image number `index`: the image's own, or the setting of that name, or the
 * default of the manifest. Throws `RequestError` if one is missing, has another length, is not finite, or is unknown.
 */
export const resolveConditionings = (
  { conditionings: declared }: DiffusionSpec,
  { conditionings: given = {} }: ImageRequest,
  settings: DiffusionSettings,
  index: number,
): Conditionings => {
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(declared, name))
  if (unknown.length > 0) {
    const known = Object.keys(declared).join(', ') || 'none'
    throw new RequestError(`Image ${index}: the bundle has no conditioning ${unknown.join(', ')}; it has ${known}`)
  }
  const resolve = (name: string, spec: ConditioningSpec): Float32Array => {
    const length = lengthOf(spec)
    const values = toValues(given[name] ?? (settings as Readonly<Record<string, unknown>>)[name])
    if (!values && spec.default === undefined) {
      throw new RequestError(
        `Image ${index}: the conditioning ${name} is missing; expected [${spec.dims.join(', ')}] numbers`,
      )
    }
    if (!values) return new Float32Array(length).fill(spec.default!)
    if (values.length !== length) {
      throw new RequestError(`Image ${index}: the conditioning ${name} has ${values.length} numbers, not ${length}`)
    }
    if (!values.every(Number.isFinite))
      throw new RequestError(`Image ${index}: the conditioning ${name} has values that are not finite`)
    return values
  }
  return mapValues(declared, (spec, name) => resolve(name, spec))
}

/** What the unconditional half of a guided image gets of these values. */
export const unconditional = ({ conditionings: declared }: DiffusionSpec, values: Conditionings): Conditionings =>
  mapValues(values, (value, name) =>
    declared[name]!.unconditional === 'zeros' ? new Float32Array(value.length) : value,
  )
