import { z } from 'zod'
import { unitVectorFormat } from '../contracts/embedding.ts'
import { httpUrlSchema } from '../contracts/http-url.ts'
import { webhookEvents } from '../contracts/webhooks.ts'
import { boundedRecord, boundedString } from '../lib/bounded-schema.ts'
import { maxDurationLength, parseDuration } from '../lib/duration.ts'
import { type JsonSchema, toJsonSchema } from './json-schema.ts'

const minRetentionMs = 60_000
/** Many more than any model has; a model's own schema then names those that it does not know. */
const maxInputFields = 64
const maxPreferLength = 256
const maxKeyLength = 255

// The durations in the API documents. JSON Schema can only use a pattern, so they are a subset of what is accepted.
const retentionPattern =
  '^(([6-9][0-9]|[1-9][0-9]{2,5})s?|[1-9][0-9]{0,4}m|[1-9][0-9]{0,3}h([1-9][0-9]?m)?|[1-9][0-9]{0,2}d([1-9][0-9]?h)?)$'
const cancelAfterPattern =
  '^(([5-9]|[1-9][0-9]{1,3}|[1-7][0-9]{4})s?|([1-9]|[1-9][0-9]{1,2}|1[0-3][0-9]{2})m|([1-9]|1[0-9]|2[0-3])h([1-5]?[0-9]m)?|24h)$'

/** Body of a request that creates a prediction with any model. The model's own schema checks `input`. */
export const createBodySchema = z.strictObject({
  input: boundedRecord(z.unknown(), { max: maxInputFields }),
  webhook: httpUrlSchema.optional().describe('URL that receives events, as Standard Webhooks define them.'),
  webhook_events_filter: z
    .array(z.enum(webhookEvents))
    .min(1)
    .max(webhookEvents.length)
    .optional()
    .describe('Events to send. Defaults to output and completed.'),
  stream: z
    .boolean()
    .optional()
    .describe("Accepted for Replicate's clients, and ignored: every prediction can be streamed."),
  retention: boundedString(maxDurationLength)
    .transform((text, context) => {
      const ms = parseDuration(text)
      if (ms !== undefined && ms >= minRetentionMs) return ms
      context.addIssue({
        code: 'custom',
        message: 'The retention must be at least 60s: for example 90s, 30m, 12h or 7d',
        params: { type: 'duration_invalid' },
      })
      return z.NEVER
    })
    .optional()
    .meta({ pattern: retentionPattern })
    .describe(
      "How long photos, vectors and images are kept after the prediction ends. The service's own limit is the maximum.",
    ),
  keep_photos: z
    .boolean()
    .default(false)
    .describe('Also keep photos and crops for that time. By default they are deleted when the prediction ends.'),
})

export type CreateBody = z.output<typeof createBodySchema>

/** Headers of a request that creates a prediction. */
export const createHeaders = z.object({
  prefer: boundedString(maxPreferLength)
    .optional()
    .describe(
      '`wait=5` waits up to 5 seconds for the result (1 to 60; `wait` means 60). `respond-async` does not wait.',
    ),
  'idempotency-key': boundedString(maxKeyLength)
    .regex(/^[!-~]+$/, '1 to 255 visible ASCII characters')
    .optional()
    .describe('Requests with the same key and body return the same prediction, even after it has ended.'),
  'cancel-after': boundedString(maxDurationLength)
    .optional()
    .meta({ pattern: cancelAfterPattern })
    .describe(
      'Cancels the prediction if it has not ended after this time: for example `90s`, `5m` or `1h30m` (5s to 24h).',
    ),
})

const beyondSchema =
  'JSON Schema cannot require a vector of length 1, so this schema documents the field but does not match requests that use it.'

/**
 * Narrows an input's schema so that the API accepts everything that matches it: fields that hold a vector of length 1
 * are described but excluded.
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

/** JSON Schema of the body of a request that creates a prediction; `more` adds required properties. */
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
