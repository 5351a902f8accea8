import { z } from 'zod'

export type JsonSchema = Readonly<Record<string, unknown>> & {
  readonly properties?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

const strip = ({ $schema: _, ...schema }: Record<string, unknown>) => schema

/** Longer strings are photos, which the limit on the whole request bounds; generators of test data choke on such lengths. */
const longestPublished = 100_000

const dropHugeLengths = ({ jsonSchema }: { jsonSchema: { maxLength?: number } }): void => {
  if ((jsonSchema.maxLength ?? 0) > longestPublished) delete jsonSchema.maxLength
}

/** JSON Schema of the input or output of a zod schema. */
export const toJsonSchema = (schema: z.ZodType, io: 'input' | 'output' = 'input'): JsonSchema =>
  strip(z.toJSONSchema(schema, { io, unrepresentable: 'any', override: dropHugeLengths }) as Record<string, unknown>)
