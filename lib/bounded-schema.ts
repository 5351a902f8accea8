import { z } from 'zod'

// zod looks at every element before it looks at how many there are, and reports an issue for each. These count first.

/** Lets a value through to the next schema, or reports the only issue that there will be. */
const counted = <S extends z.ZodType>(
  schema: S,
  origin: 'array' | 'record',
  max: number,
  count: (value: unknown) => number,
) =>
  z.preprocess((value, context) => {
    if (count(value) <= max) return value
    const what = origin === 'array' ? 'items' : 'fields'
    context.issues.push({
      code: 'too_big',
      origin,
      maximum: max,
      inclusive: true,
      input: value,
      message: `Too many: at most ${max} ${what} are allowed`,
    })
    return z.NEVER
  }, schema)

const lengthOf = (value: unknown) => (Array.isArray(value) ? value.length : 0)
const fieldsOf = (value: unknown) => (typeof value === 'object' && value ? Object.keys(value).length : 0)

/**
 * An array of at most `max` items. A longer one is one issue, and its items are never looked at.
 *
 * @example
 * boundedArray(z.number(), { min: 1, max: 512 })
 */
export const boundedArray = <T extends z.ZodType>(item: T, { min = 0, max }: { min?: number; max: number }) => {
  const array = z.array(item).max(max)
  return counted(min > 0 ? array.min(min) : array, 'array', max, lengthOf)
}

/** A text of at most `max` characters. No other check sees a longer one. */
export const boundedString = (max: number) => z.string().max(max, { abort: true })

/** The longest names of fields that somebody else chooses. */
const maxNameLength = 256

/** An object of at most `max` fields with any names. A larger one is one issue, and its fields are never looked at. */
export const boundedRecord = <T extends z.ZodType>(value: T, { max }: { max: number }) =>
  counted(z.record(boundedString(maxNameLength), value).meta({ maxProperties: max }), 'record', max, fieldsOf)
