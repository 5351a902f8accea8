import type { z } from 'zod'

type Schema = z.core.$ZodType
interface Definition {
  type: string
  innerType?: Schema
  element?: Schema
  valueType?: Schema
  keyType?: Schema
  shape?: Record<string, Schema>
  catchall?: Schema
  in?: Schema
  out?: Schema
  options?: readonly Schema[]
  left?: Schema
  right?: Schema
  items?: readonly Schema[]
  rest?: Schema | null
  getter?: () => Schema
  checks?: readonly z.core.$ZodCheck[]
}

/** Nothing in them grows: JSON of any kind has the bounds of the parser. */
const fixed = new Set([
  'number',
  'int',
  'boolean',
  'enum',
  'literal',
  'null',
  'undefined',
  'unknown',
  'never',
  'transform',
])

const maxLengthOf = ({ checks = [] }: Definition): unknown =>
  checks.map(({ _zod: { def } }) => def as z.core.$ZodCheckMaxLengthDef).find(({ check }) => check === 'max_length')
    ?.maximum

const codesOf = (schema: Schema, value: unknown): string[] =>
  ((schema as z.ZodType).safeParse(value).error?.issues ?? []).map(({ code }) => code)

/** Whether one item or character too many is one issue, and the only one: what is in it was not looked at. */
const countsFirst = (schema: Schema, max: unknown, tooMany: (length: number) => unknown): boolean =>
  typeof max === 'number' && codesOf(schema, tooMany(max + 1)).join() === 'too_big'

const odd = Symbol('no schema takes it')
const items = (length: number) => Array.from({ length }, () => odd)
const fields = (length: number) => Object.fromEntries(items(length).map((value, index) => [`\u0000${index}`, value]))
const text = (length: number) => '\u0000'.repeat(length)

/** Paths of texts, arrays and records in a schema that have no bound, or one that is not checked before all else. */
export const unboundedIn = (schema: Schema, path = '', outer = schema): string[] => {
  const def = schema._zod.def as Definition
  const inner = (of: Schema | null | undefined, name = '', from: Schema = of!) =>
    of ? unboundedIn(of, path + name, from) : []
  switch (def.type) {
    case 'string':
      return countsFirst(schema, maxLengthOf(def), text) ? [] : [`${path}: string`]
    case 'array':
      return [...(countsFirst(schema, maxLengthOf(def), items) ? [] : [`${path}: array`]), ...inner(def.element, '[]')]
    case 'record': {
      const max = (schema as z.ZodType).meta()?.maxProperties
      const itself = countsFirst(outer, max, fields) ? [] : [`${path}: record`]
      return [...itself, ...inner(def.keyType, '{key}'), ...inner(def.valueType, '{}')]
    }
    case 'object': {
      const of = Object.entries(def.shape ?? {}).flatMap(([name, field]) => inner(field, `.${name}`))
      return [...of, ...inner(def.catchall, '.*')]
    }
    case 'pipe':
      // The count of a record's fields is the first half of a pipe.
      return [...inner(def.in, '', schema), ...inner(def.out, '', schema)]
    case 'union':
      return (def.options ?? []).flatMap((option) => inner(option))
    case 'intersection':
      return [...inner(def.left), ...inner(def.right)]
    case 'tuple':
      return [...(def.items ?? []).flatMap((item, index) => inner(item, `[${index}]`)), ...inner(def.rest, '[]')]
    case 'lazy':
      return inner(def.getter?.())
    default:
      if (fixed.has(def.type)) return []
      if (!def.innerType) throw new Error(`${path || 'A schema'} is of a kind that this does not know: ${def.type}`)
      return inner(def.innerType)
  }
}
