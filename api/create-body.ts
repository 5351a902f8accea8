import { z } from 'zod'
import { unitVectorFormat } from '../contracts/embedding.ts'
import { httpUrlSchema } from '../contracts/http-url.ts'
import { webhookEvents } from '../contracts/webhooks.ts'
import { parseDuration } from '../lib/duration.ts'
import { type JsonSchema, toJsonSchema } from './json-schema.ts'

const minRetentionMs = 60_000

// The durations that API documents describe: a little less than what is accepted. JSON Schema has no other way to say it.
const retentionPattern =
  '^(([6-9][0-9]|[1-9][0-9]{2,5})s?|[1-9][0-9]{0,4}m|[1-9][0-9]{0,3}h([1-9][0-9]?m)?|[1-9][0-9]{0,2}d([1-9][0-9]?h)?)$'
const cancelAfterPattern =
  '^(([5-9]|[1-9][0-9]{1,3}|[1-7][0-9]{4})s?|([1-9]|[1-9][0-9]{1,2}|1[0-3][0-9]{2})m|([1-9]|1[0-9]|2[0-3])h([1-5]?[0-9]m)?|24h)$'

/** What a request for a prediction holds, whatever the model. `input` is checked by the model's own schema. */
export const createBodySchema = z.strictObject({
  input: z.record(z.string(), z.unknown()),
  webhook: httpUrlSchema.optional().describe('Who is told how it goes: Standard Webhooks.'),
  webhook_events_filter: z
    .array(z.enum(webhookEvents))
    .min(1)
    .optional()
    .describe('output and completed where absent.'),
  stream: z.boolean().optional().describe("Replicate's clients send it; every prediction can be streamed."),
  retention: z
    .string()
    .transform((text, context) => {
      const ms = parseDuration(text)
      if (ms !== undefined && ms >= minRetentionMs) return ms
      context.addIssue({
        code: 'custom',
        message: 'A retention is at least 60s, such as 90s, 30m, 12h or 7d',
        params: { type: 'duration_invalid' },
      })
      return z.NEVER
    })
    .optional()
    .meta({ pattern: retentionPattern })
    .describe('How long photos, vectors and images are kept after the end; never longer than the service keeps them.'),
  keep_photos: z.boolean().default(false).describe('Keep photos and crops for as long; they go at the end otherwise.'),
})

export type CreateBody = z.output<typeof createBodySchema>

/** Headers of such a request. */
export const createHeaders = z.object({
  prefer: z
    .string()
    .optional()
    .describe('`wait` or `wait=1` to `wait=60`: seconds to wait for the end; `respond-async`.'),
  'idempotency-key': z
    .string()
    .regex(/^[!-~]{1,255}$/, '1 to 255 visible ASCII characters')
    .optional()
    .describe('The same key and body give the same prediction, also after it has ended.'),
  'cancel-after': z
    .string()
    .optional()
    .meta({ pattern: cancelAfterPattern })
    .describe('`90s`, `5m`, `1h30m`: what has not ended by then is canceled; 5s to 24h.'),
})

const beyondSchema =
  'No JSON Schema can say that a vector has length 1: this one describes the field, and leaves out requests with it.'

/**
 * An input's schema of which all that it lets through is accepted: fields with a vector of length 1 are described, but
 * are not among those that may be given.
 */
const withoutVectors = (input: JsonSchema): JsonSchema => {
  const { oneOf, properties = {}, ...schema } = input as JsonSchema & { oneOf?: readonly { required: string[] }[] }
  const isVector = (name: string) => properties[name]?.format === unitVectorFormat
  const described = Object.entries(properties).map(([name, property]) => [
    name,
    isVector(name) ? { ...property, description: `${property.description} ${beyondSchema}` } : property,
  ])
  const vectors = Object.keys(properties).filter(isVector)
  if (vectors.length === 0) return input
  return {
    ...schema,
    properties: Object.fromEntries(described),
    ...(oneOf && { oneOf: oneOf.filter(({ required }) => !required.some(isVector)) }),
    not: { anyOf: vectors.map((name) => ({ required: [name] })) },
  }
}

/** JSON Schema of a request for a prediction with a model, and the members that it has besides. */
export const createBodyJsonSchema = (
  inputSchema: JsonSchema,
  more: Record<string, Record<string, unknown>> = {},
): Record<string, unknown> => {
  const { properties, required, ...rest } = toJsonSchema(createBodySchema) as {
    properties: Record<string, unknown>
    required: string[]
  }
  return {
    ...rest,
    properties: { ...more, ...properties, input: withoutVectors(inputSchema) },
    required: [...Object.keys(more), ...required],
  }
}
