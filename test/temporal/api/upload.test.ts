import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { listAll } from '../../../storage/store.ts'
import { atEdge, startApi, type TestApi } from '../../support/test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi({}, { workers: false })
})
afterAll(() => api.stop())
afterEach(() => vi.restoreAllMocks())

const upload = (metadata?: string, content = 'photo') => {
  const form = new FormData()
  form.set('content', new File([content], 'me.jpg', { type: 'image/jpeg' }))
  if (metadata !== undefined) form.set('metadata', metadata)
  return api.request('/v1/files', { method: 'POST', body: form })
}
const stored = () => listAll(api.store, 'uploads/')

describe('an upload', () => {
  it('keeps its name, type and metadata', async () => {
    const response = await upload('{"my": {"id": [1, 2]}}')
    expect(response.status).toBe(201)
    expect(await response.json()).toMatchObject({
      name: 'me.jpg',
      content_type: 'image/jpeg',
      size: 5,
      metadata: { my: { id: [1, 2] } },
    })
  })

  it.each([
    ['nested 8,000 deep', `${'{"a":'.repeat(2_700)}1${'}'.repeat(2_700)}`],
    ['nested in arrays', `{"a":${'['.repeat(8_000)}${']'.repeat(8_000)}}`],
    ['too long', `{"a":"${'x'.repeat(20_000)}"}`],
    ['not an object', '[1]'],
    ['not JSON', '{'],
  ])('leaves nothing behind if its metadata is %s', async (_, metadata) => {
    const before = await stored()
    const response = await upload(metadata)
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ errors: [{ loc: ['body', 'metadata'], type: 'metadata_invalid' }] })
    expect(await stored()).toEqual(before)
  })

  it.skipIf(atEdge)('leaves no photo behind if what names it cannot be stored', async () => {
    const before = await stored()
    const { put } = api.store
    vi.spyOn(api.store, 'put').mockImplementation((key, ...rest) => {
      if (key.endsWith('.json')) throw new Error('The disk is full')
      return put(key, ...rest)
    })
    expect((await upload()).status).toBe(500)
    expect(await stored()).toEqual(before)
    expect(api.errors.map(({ message }) => message)).toEqual(['The disk is full'])
  })
})
