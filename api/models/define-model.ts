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

/** Passed to a model's `prepare`. Its functions throw problems. */
export interface PrepareContext {
  readonly predictionId: string
  readonly tenant: string
  readonly bundle: BundleInfo
  readonly store: ArtifactStore
  /** Refuses an input whose cost, the product of these fields, is more than a prediction may cost. Throws a 422 problem. */
  requireCost(factors: Readonly<Record<string, number>>): void
  /** Reads another prediction of the same tenant. Throws a 404 problem. */
  find(id: string): Promise<PredictionRecord>
  /** Resolves the photos of an input; `echo` is how responses repeat them. Throws a 422 problem. */
  resolvePhotos(input: PhotoInput): Promise<{ sources: PhotoSource[]; echo: Record<string, unknown> }>
}

export interface Prepared<W extends PredictionInput> {
  /** Input of this model's workflow, without the fields that every prediction has. */
  readonly input: Omit<W, keyof PredictionInput>
  /** The request's input as responses repeat it, without the bytes of photos and vectors. */
  readonly echo: Readonly<Record<string, unknown>>
  /** Shown in the Temporal UI: one line, and the rows of a table. Must not contain personal data. */
  readonly summary: string
  readonly details: Readonly<Record<string, unknown>>
}

/** Passed to a model's `present`. */
export interface Presenter {
  /** Returns a signed URL of a published file. */
  signOutput(key: string): Promise<string>
  /** Reads a JSON artifact. */
  readJson(key: string): Promise<unknown>
}

/** A prediction that has succeeded. */
export type Succeeded<W extends PredictionInput, R> = PredictionRecord<W, R> & { readonly result: R }

/** `I`: the request's input; `W` and `R`: input and result of the workflow; `O`: the prediction's output. */
export interface ModelDefinition<I, W extends PredictionInput, R, O> {
  /** owner/name */
  readonly name: `${string}/${string}`
  readonly description: string
  /** Type of the workflow that runs its predictions, as `workflows/index.ts` exports it. */
  readonly workflow: string
  /** The steps of a prediction, in order. `discardLeftovers` is added at the end. */
  readonly steps: readonly StepName[]
  readonly input: z.ZodType<I>
  readonly output: z.ZodType<O>
  /** An example of an input. */
  readonly example: Readonly<Record<string, unknown>>
  /** 64 hexadecimal digits. Defaults to a hash of the model's name and the bundle's hash. */
  version?(bundle: BundleInfo): string
  /** Adds to the JSON Schema of the input what depends on the bundle. */
  describeInput?(schema: JsonSchema, bundle: BundleInfo): JsonSchema
  /** Turns a parsed input into the input of the workflow. Throws a 422 problem. */
  prepare(input: I, context: PrepareContext): Promise<Prepared<W>>
  /** Converts the input of a prediction that an earlier release started. */
  upgrade?(input: W): W
  present(record: Succeeded<W, R>, presenter: Presenter): Promise<O>
  /** Metrics in addition to times and failures. Must omit data of the photos if `dataRemoved` is true. */
  metrics?(record: Succeeded<W, R>, options: { dataRemoved: boolean }): Record<string, unknown>
  /** The number of iterations of each step that reports progress. */
  iterations?(input: W): Partial<Record<StepName, number>>
  /** Provenance of the images, for models that make images. */
  imageRecord?(record: Succeeded<W, R>): ImageRecord
}

/** A model with its types erased, as generic code uses it. */
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
 * Defines a model of the API. Lists, streams, logs, webhooks, progress bars, the page and the API documents work with
 * any model that is defined this way. To add a model, list it in `api/models/index.ts` and export its workflow from
 * `workflows/index.ts`.
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
  // The only place that assumes that a record belongs to the model that it names.
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
