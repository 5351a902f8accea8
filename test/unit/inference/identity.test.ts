import { describe, expect, it } from 'vitest'
import { combineIdentities } from '../../../inference/numeric/identity.ts'

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
