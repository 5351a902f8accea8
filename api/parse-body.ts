import type { z } from 'zod'
import { clip } from '../lib/clip.ts'
import { type FieldError, Problem } from './problem.ts'

const toFieldError = (issue: z.core.$ZodIssue, prefix: readonly string[]): FieldError => ({
  loc: [...prefix, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))],
  msg: issue.message,
  type: ('params' in issue && (issue.params as { type?: string })?.type) || issue.code,
})

/** Parses `value` with `schema`. Throws a 422 problem that names every invalid field. */
export const parse = <T extends z.ZodType>(schema: T, value: unknown, prefix = ['body']): z.output<T> => {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw validationProblem(result.error.issues, prefix)
}

const maxDescription = 600
const describe = ({ loc, msg }: FieldError): string =>
  clip(`${loc.slice(1).join('.') || 'body'}: ${msg}`, maxDescription)

/** A 422 problem that lists the invalid fields. Its detail describes the first one. */
export const validationProblem = (issues: readonly z.core.$ZodIssue[], prefix: readonly string[]): Problem => {
  const errors = issues.map((issue) => toFieldError(issue, prefix))
  const more = errors.length - 1
  const detail = `${describe(errors[0]!)}${more > 0 ? ` (and ${more} more)` : ''}`
  return new Problem(422, detail, { errors })
}

/** A 422 problem for one field. */
export const fieldProblem = (loc: readonly (string | number)[], msg: string, type: string): Problem =>
  new Problem(422, describe({ loc, msg, type }), { errors: [{ loc, msg, type }] })
