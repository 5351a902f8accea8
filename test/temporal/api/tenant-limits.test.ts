import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { photo, startApi, type TestApi } from '../../support/test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi({ limits: { maxRunning: 3, maxCost: 200 } }, { workers: false })
})
afterAll(() => api.stop())

const predict = (input: object = {}) => api.post({ input: { input_image: photo, ...input } })

describe('what one prediction may cost', () => {
  it.each([
    [{ num_images: 16, num_steps: 25 }, ['num_images', 'num_steps']],
    [
      { num_images: 4, num_steps: 25, min_similarity: 0.5, max_attempts: 3 },
      ['num_images', 'num_steps', 'max_attempts'],
    ],
  ])('is bounded: %j is a 422 that names the fields', async (input, fields) => {
    const response = await predict(input)
    const { detail, errors } = await api.json<{ detail: string; errors: { loc: string[]; type: string }[] }>(response)
    expect([response.status, errors.map(({ loc }) => loc.at(-1))]).toEqual([422, fields])
    expect(errors[0]!.type).toBe('cost_too_high')
    expect(detail).toMatch(/ is (400|300); at most 200 is allowed here$/)
  })
})

describe('how many predictions may run', () => {
  it('is bounded also for requests at the same time', async () => {
    const responses = await Promise.all(Array.from({ length: 12 }, () => predict()))
    expect(responses.map(({ status }) => status).sort()).toEqual([...Array(3).fill(201), ...Array(9).fill(429)])
    const refused = responses.find(({ status }) => status === 429)!
    expect(refused.headers.get('retry-after')).toBe('5')
    expect((await predict()).status).toBe(429)
  })
})
