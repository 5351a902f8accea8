import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { parse } from '../../../api/parse-body.ts'
import { type FieldError, Problem } from '../../../api/problem.ts'

interface Document {
  detail: string
  errors?: FieldError[]
  errors_omitted?: number
}

const documentOf = async (problem: Problem) => {
  const text = await problem.toResponse('0'.repeat(32)).text()
  return { bytes: new TextEncoder().encode(text).length, text, ...(JSON.parse(text) as Document) }
}
const problemOf = (schema: z.ZodType, value: unknown): Problem => {
  try {
    parse(schema, value)
  } catch (error) {
    if (error instanceof Problem) return error
  }
  throw new Error('The schema lets it through')
}

const numbers = z.strictObject({ numbers: z.array(z.number()) })

describe('a problem', () => {
  it('names one wrong field in its detail and in its errors', async () => {
    const { detail, errors } = await documentOf(problemOf(z.object({ count: z.int().max(4) }), { count: 9 }))
    expect(errors).toMatchObject([{ loc: ['body', 'count'], type: 'too_big' }])
    expect(detail).toBe(`count: ${errors![0]!.msg}`)
  })

  it('says of several wrong fields only the first in its detail', async () => {
    const schema = z.object({ count: z.int(), name: z.string() })
    const { detail, errors, text } = await documentOf(problemOf(schema, { count: 'x', name: 5 }))
    expect(detail).toBe(`count: ${errors![0]!.msg} (and 1 more)`)
    expect(text.split(errors![1]!.msg)).toHaveLength(2)
  })

  it('lists 20 of many errors, and says how many more there are', async () => {
    const { errors, errors_omitted, bytes } = await documentOf(
      problemOf(numbers, { numbers: Array.from({ length: 50_000 }, () => 'x') }),
    )
    expect(errors!.length).toBe(20)
    expect(errors_omitted).toBe(49_980)
    expect(bytes).toBeLessThanOrEqual(4096)
  })

  it.each([
    ['an unknown name', { numbers: [], ['x'.repeat(1_000_000)]: 1 }],
    ['many unknown names', Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`n${index}`, 1]))],
    ['a name of many bytes', { ['😀'.repeat(5_000)]: { '\u0000': 1 }, numbers: ['\u0000'.repeat(5_000)] }],
  ])('has at most 4 kB, whatever was sent: %s', async (_, value) => {
    const { bytes, detail } = await documentOf(problemOf(numbers, value))
    expect(bytes).toBeLessThanOrEqual(4096)
    expect(detail).not.toBe('')
  })

  it('has at most 4 kB with long names and texts in each of its errors', async () => {
    const errors = Array.from({ length: 50 }, () => ({
      loc: Array.from({ length: 50 }, () => '\u0000'.repeat(100)),
      msg: '\u0000'.repeat(1000),
      type: 'x'.repeat(1000),
    }))
    const { bytes, errors_omitted } = await documentOf(new Problem(422, '\u0000'.repeat(5000), { errors }))
    expect(bytes).toBeLessThanOrEqual(4096)
    expect(errors_omitted).toBeGreaterThanOrEqual(30)
  })
})
