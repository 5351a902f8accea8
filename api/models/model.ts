import type { z } from 'zod'
import type { ServedDiffusion } from '../../contracts/bundle-manifest.ts'
import type { PredictionOptions } from '../../contracts/prediction-options.ts'
import type { WorkflowStart } from '../../contracts/record.ts'

/** What the API must know of a model bundle. */
export interface BundleInfo extends Omit<ServedDiffusion, 'scheduler'> {
  /** SHA-256 of its manifest, in hexadecimal. */
  readonly sha256: string
  /** When the bundle was put where it is. */
  readonly createdAt: Date
  /** How its schedulers are set up; if it is not known, workers refuse settings that they cannot use. */
  readonly scheduler?: ServedDiffusion['scheduler'] | undefined
}

export type JsonSchema = Readonly<Record<string, unknown>> & {
  readonly properties?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** What a request asks for besides the model's input. */
export interface RequestOptions extends PredictionOptions {
  readonly tenant: string
}

export interface Prepared {
  start: WorkflowStart
  /** For the Temporal UI: one line, and Markdown. Nothing personal. */
  summary: string
  details: string
}

/** A model that predictions can be made with. */
export interface Model {
  /** owner/name */
  readonly name: string
  readonly description: string
  /** 64 hexadecimal digits; another one for every bundle. */
  readonly version: string
  readonly createdAt: Date
  readonly inputSchema: z.ZodType
  /** The same with what the bundle says of it. */
  readonly inputJsonSchema: JsonSchema
  readonly outputSchema: z.ZodType
  /** An input to start from. */
  readonly example: Readonly<Record<string, unknown>>
  /** Turns an input that the schema has let through into a workflow's. Throws a 422 problem. */
  prepare(input: unknown, options: RequestOptions): Promise<Prepared>
}
