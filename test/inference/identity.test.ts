import { describe, expect, it } from 'vitest'
import { checkEmbedding, combineIdentities, cosine } from '../../inference/numeric/identity.ts'

const vector = (...values: number[]) => Float32Array.from(values)

describe('combining the vectors of several photos', () => {
  it('gives the mean of the unit vectors as a unit vector', () => {
    const { identity } = combineIdentities([vector(2, 0), vector(0, 1)], -1)
    expect(identity![0]).toBeCloseTo(Math.SQRT1_2, 6)
    expect(identity![1]).toBeCloseTo(Math.SQRT1_2, 6)
  })

  it('names the one that is unlike the rest', () => {
    const combined = combineIdentities([vector(1, 0, 0), vector(0.9, 0.1, 0), vector(0, 0, 1), vector(1, 0.1, 0)])
    expect(combined.identity).toBeUndefined()
    expect(combined.outliers).toEqual([2])
  })

  it('names both of two that are unlike each other', () => {
    expect(combineIdentities([vector(1, 0), vector(0, 1)]).outliers).toEqual([0, 1])
  })
})

describe('a vector from a caller', () => {
  it('is brought to length 1 where it is nearly so', () => {
    const { embedding } = checkEmbedding([0.6, 0.801], 2) as { embedding: Float32Array }
    expect(cosine(embedding, embedding)).toBeCloseTo(1, 6)
  })

  it.each([
    [[1], 'has 2 numbers'],
    [[Number.NaN, 1], 'Number 0'],
    [[1, Number.POSITIVE_INFINITY], 'Number 1'],
    [[0, 0], 'length 0'],
    [[3, 4], 'length 5'],
  ])('is refused for what is wrong with it: %j', (values, reason) => {
    expect(checkEmbedding(values, 2)).toMatchObject({ problem: expect.stringContaining(reason) })
  })
})
