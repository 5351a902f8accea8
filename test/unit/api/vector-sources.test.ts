import { expect, it } from 'vitest'
import { recordSources, sourcesOf } from '../../../api/models/vector-sources.ts'
import { limits } from '../../../contracts/limits.ts'

const id = (n: number) => `${n}`.padStart(26, '0')

it('knows what a prediction of this release and of an earlier one was copied from', () => {
  expect(sourcesOf({ sources: [id(2), id(1)], echo: { identity_of: id(2) } })).toEqual([id(2), id(1)])
  expect(sourcesOf({ echo: { identity_of: id(1) } })).toEqual([id(1)])
  expect(sourcesOf({ echo: { replay_of: id(1) } })).toEqual([id(1)])
  expect(sourcesOf({ echo: { input_image: 'https://photos.test/me.jpg' } })).toEqual([])
})

it('records a copy with every source, and refuses a longer chain with what to do', async () => {
  const written: string[] = []
  const store = { put: async (key: string) => written.push(key) }
  const context = { predictionId: id(9), tenant: 'acme', store: store as never }
  await recordSources([id(2), id(1)], context)
  expect(written.sort()).toEqual([`derived/acme/${id(1)}/${id(9)}`, `derived/acme/${id(2)}/${id(9)}`])
  const chain = Array.from({ length: limits.derivations + 1 }, (_, n) => id(n))
  await expect(recordSources(chain, context)).rejects.toMatchObject({ status: 409, message: /send the photo again/ })
  expect(written).toHaveLength(2)
})
