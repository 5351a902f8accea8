import { z } from 'zod'

// Schemas of what anyone may send: how long it is, is checked before what is in it. `z.array(item).max(n)` does so by itself.

/** A text of at most `max` characters. No other check sees a longer one. */
export const boundedString = (max: number) => z.string().max(max, { abort: true })

const maxNameLength = 256

const fieldsOf = (value: unknown) => (typeof value === 'object' && value ? Object.keys(value).length : 0)

/**
 * An object of at most `max` fields with any names. A larger one is one issue, and its fields are never looked at.
 *
 * @example
 * boundedRecord(z.unknown(), { max: 64 })
 */
export const boundedRecord = <T extends z.ZodType>(value: T, { max }: { max: number }) =>
  z.preprocess(
    (fields, context) => {
      if (fieldsOf(fields) <= max) return fields
      context.issues.push({
        code: 'too_big',
        origin: 'object',
        maximum: max,
        inclusive: true,
        input: fields,
        message: `Too big: at most ${max} fields are allowed`,
      })
      return z.NEVER
    },
    z.record(boundedString(maxNameLength), value).meta({ maxProperties: max }),
  )
