import { z } from 'zod'

export type JsonSchema = Readonly<Record<string, unknown>> & {
  readonly properties?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

const strip = ({ $schema: _, ...schema }: Record<string, unknown>) => schema

/** JSON Schema of the input or output of a zod schema. */
export const toJsonSchema = (schema: z.ZodType, io: 'input' | 'output' = 'input'): JsonSchema =>
  strip(z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Record<string, unknown>)
