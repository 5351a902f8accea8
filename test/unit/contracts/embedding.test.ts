import { describe, expect, it } from 'vitest'
import { checkEmbedding, decodeVector, encodeVector } from '../../../contracts/embedding.ts'
import { cosine } from '../../../inference/numeric/identity.ts'

describe('a vector from a caller', () => {
  it('is brought to length 1 where it is nearly so', () => {
    const { embedding } = checkEmbedding([0.6, 0.801], 2) as { embedding: Float32Array }
    expect(cosine(embedding, embedding)).toBeCloseTo(1, 6)
  })

  it.each([
    [[1], 'must have 2 numbers'],
    [[Number.NaN, 1], 'Number 0'],
    [[1, Number.POSITIVE_INFINITY], 'Number 1'],
    [[0, 0], 'its length is 0'],
    [[3, 4], 'its length is 5'],
  ])('is refused for what is wrong with it: %j', (values, reason) => {
    expect(checkEmbedding(values, 2)).toMatchObject({ problem: expect.stringContaining(reason) })
  })
})

it('a vector survives its bytes, little-endian float32', () => {
  const vector = Float32Array.of(1, -0.5, 3.25)
  const bytes = encodeVector(vector)
  expect([...bytes.subarray(0, 4)]).toEqual([0, 0, 0x80, 0x3f])
  expect(decodeVector(bytes)).toEqual(vector)
})
