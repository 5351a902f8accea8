import type { z } from 'zod'
import type { PhotoSource } from '../../contracts/generate-faces.ts'
import type { ImageRecord } from '../../contracts/image-record.ts'
import type { PhotoInput } from '../../contracts/photo-input.ts'
import type { PredictionInput } from '../../contracts/prediction-options.ts'
import type { PredictionRecord } from '../../contracts/record.ts'
import type { StepName } from '../../contracts/steps.ts'
import type { ArtifactStore } from '../../storage/store.ts'
import type { JsonSchema } from '../json-schema.ts'
import type { BundleInfo } from './bundle-info.ts'

/** What a model's `prepare` can use. What it throws are problems. */
export interface PrepareContext {
  readonly predictionId: string
  readonly bundle: BundleInfo
  readonly store: ArtifactStore
  /** Another prediction of the same tenant. Throws a 404 problem. */
  find(id: string): Promise<PredictionRecord>
  /** Where the photos of an input come from, and how answers repeat them. Throws a 422 problem. */
  resolvePhotos(input: PhotoInput): Promise<{ sources: PhotoSource[]; echo: Record<string, unknown> }>
}

export interface Prepared<W extends PredictionInput> {
  /** What this model's workflow is given, besides what every prediction's is. */
  readonly input: Omit<W, keyof PredictionInput>
  /** The request's input as answers repeat it; photos and vectors that came as bytes are left out. */
  readonly echo: Readonly<Record<string, unknown>>
  /** For the Temporal UI: one line, and rows of a table. Nothing personal. */
  readonly summary: string
  readonly details: Readonly<Record<string, unknown>>
}

/** What a model's `present` can use. */
export interface Presenter {
  /** A URL that hands out a published file. */
  signOutput(key: string): Promise<string>
  /** The content of a JSON artifact. */
  readJson(key: string): Promise<unknown>
}

/** A prediction that has succeeded. */
export type Succeeded<W extends PredictionInput, R> = PredictionRecord<W, R> & { readonly result: R }

/** `I`: what a request gives; `W` and `R`: what the workflow takes and returns; `O`: the prediction's output. */
export interface ModelDefinition<I, W extends PredictionInput, R, O> {
  /** owner/name */
  readonly name: `${string}/${string}`
  readonly description: string
  /** Type of the workflow that makes its predictions, as `workflows/index.ts` exports it. */
  readonly workflow: string
  /** What a prediction goes through, in order; every prediction ends with `discardLeftovers`. */
  readonly steps: readonly StepName[]
  readonly input: z.ZodType<I>
  readonly output: z.ZodType<O>
  /** An input to start from. */
  readonly example: Readonly<Record<string, unknown>>
  /** 64 hexadecimal digits; by default a hash of the model's name and the bundle's. */
  version?(bundle: BundleInfo): string
  /** Completes the JSON Schema of the input with what the bundle decides. */
  describeInput?(schema: JsonSchema, bundle: BundleInfo): JsonSchema
  /** Turns an input that the schema accepts into the workflow's. Throws a 422 problem. */
  prepare(input: I, context: PrepareContext): Promise<Prepared<W>>
  /** The input of a prediction that an earlier release started, as this release starts them. */
  upgrade?(input: W): W
  present(record: Succeeded<W, R>, presenter: Presenter): Promise<O>
  /** What `metrics` has besides times and failures; without what is of a photo if the data has been removed. */
  metrics?(record: Succeeded<W, R>, options: { dataRemoved: boolean }): Record<string, unknown>
  /** How many iterations each step makes that reports its progress. */
  iterations?(input: W): Partial<Record<StepName, number>>
  /** Where the images come from, for a model that makes some. */
  imageRecord?(record: Succeeded<W, R>): ImageRecord
}

/** A model as the code that knows no model uses it: each function takes what the definition's own takes. */
export interface Model
  extends Omit<
    ModelDefinition<unknown, PredictionInput, unknown, unknown>,
    'upgrade' | 'prepare' | 'metrics' | 'iterations'
  > {
  prepare(
    input: unknown,
    context: PrepareContext,
  ): Promise<Omit<Prepared<PredictionInput>, 'input'> & { input: object }>
  metrics(record: PredictionRecord, options: { dataRemoved: boolean }): Record<string, unknown>
  iterations(record: PredictionRecord): Partial<Record<string, number>>
}

/**
 * A model of the API. Everything that is particular to it is in its definition, so that lists, streams, logs, webhooks,
 * progress bars, the page and the API documents serve it without knowing it. To add one, list it in `api/models/index.ts`
 * and export its workflow from `workflows/index.ts`.
 *
 * @example
 * export const faceEmbedding = defineModel<FaceEmbeddingInput, EmbedFacesInput, EmbedFacesResult, Faces[]>({
 *   name: 'idem/face-embedding',
 *   workflow: 'embedFaces',
 *   steps: ['intakePhoto', 'analysePhoto'],
 *   …
 * })
 */
export const defineModel = <I, W extends PredictionInput, R, O>(definition: ModelDefinition<I, W, R, O>): Model => {
  const { upgrade = (input) => input, steps, prepare, present, metrics, iterations, imageRecord, ...rest } = definition
  // The one place that trusts a record to be of the model that it names.
  const own = (record: PredictionRecord) => ({ ...record, input: upgrade(record.input as W) }) as Succeeded<W, R>
  return {
    ...rest,
    steps: [...steps, 'discardLeftovers'],
    prepare: (input, context) => prepare(input as I, context),
    present: (record, presenter) => present(own(record), presenter),
    metrics: (record, options) => metrics?.(own(record), options) ?? {},
    iterations: (record) => iterations?.(own(record).input) ?? {},
    ...(imageRecord && { imageRecord: (record) => imageRecord(own(record)) }),
  }
}
