import { sha256Hex } from '../../lib/sha256.ts'
import { type JsonSchema, toJsonSchema } from '../json-schema.ts'
import type { BundleInfo } from './bundle-info.ts'
import type { Model } from './define-model.ts'

/** A model combined with the bundle that it uses. */
export interface ServedModel extends Omit<Model, 'version'> {
  /** Different for every model and every bundle. */
  readonly version: string
  readonly createdAt: Date
  readonly inputJsonSchema: JsonSchema
}

export const serveModel = async (model: Model, bundle: BundleInfo): Promise<ServedModel> => {
  const schema = toJsonSchema(model.input)
  return {
    ...model,
    version: model.version?.(bundle) ?? (await sha256Hex(new TextEncoder().encode(`${model.name}\n${bundle.sha256}`))),
    createdAt: bundle.createdAt,
    inputJsonSchema: model.describeInput?.(schema, bundle) ?? schema,
  }
}
