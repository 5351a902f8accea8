import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import type { ErasureReceipt } from '../../../contracts/erasure.ts'
import type { Prediction } from '../../../contracts/prediction.ts'
import { photo, startApi, type TestApi } from '../../support/test-api.ts'

// A later prediction of the same person has its own copy of the vector, which outlives the erasure of the first.

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

const make = (input: object) =>
  api.json<Prediction>(api.post({ input: { num_images: 1, ...input } }, { prefer: 'wait' }))
const first = () => make({ input_image: photo })
const of = ({ id }: Prediction) => make({ identity_of: id })
const again = ({ id }: Prediction) => api.json<Prediction>(api.post({ input: { replay_of: id } }, { prefer: 'wait' }))
const erase = async ({ id }: Pick<Prediction, 'id'>, query = '') => {
  const response = await api.request(`/v1/predictions/${id}${query}`, { method: 'DELETE' })
  expect(response.status).toBe(200)
  return (await response.json()) as ErasureReceipt
}
const hasVector = async ({ id }: Prediction) => (await api.store.head(artifactKeys.identity(id))) !== undefined
const status = async ({ id }: Prediction) => (await api.request(`/v1/predictions/${id}`)).status

describe('the erasure of a prediction whose person was used again', () => {
  it('names the predictions that have a copy of its vector, and leaves them', async () => {
    const original = await first()
    const [copy, replay] = [await of(original), await again(original)]
    const receipt = await erase(original)
    expect(receipt).toMatchObject({ id: original.id, derived: [copy.id, replay.id].sort(), derived_erased: false })
    expect([await hasVector(copy), await hasVector(replay), await status(copy)]).toEqual([true, true, 200])
    expect(await erase(original)).toEqual(receipt)
  })

  it('erases them too where it is asked to', async () => {
    const original = await first()
    const copy = await of(original)
    const receipt = await erase(original, '?derived=true')
    expect(receipt).toMatchObject({ derived: [copy.id], derived_erased: true })
    expect([await hasVector(copy), await status(copy)]).toEqual([false, 404])
    expect(await erase(copy)).toMatchObject({ id: copy.id, derived: [] })
  })

  it('erases them also when it is asked to afterwards', async () => {
    const original = await first()
    const copy = await of(original)
    expect(await erase(original)).toMatchObject({ derived: [copy.id], derived_erased: false })
    expect(await erase(original, '?derived=true')).toMatchObject({ derived: [copy.id], derived_erased: true })
    expect([await hasVector(copy), await status(copy)]).toEqual([false, 404])
  })

  it('follows copies of copies, also past one that is gone', async () => {
    const original = await first()
    const middle = await of(original)
    const last = await of(middle)
    const sibling = await of(original)
    expect((await erase(middle)).derived).toEqual([last.id])
    expect((await erase(original, '?derived=true')).derived).toEqual([last.id, sibling.id].sort())
    expect([await hasVector(last), await hasVector(sibling)]).toEqual([false, false])
  })

  it('names none that is erased already, and none of another person', async () => {
    const [original, other] = [await first(), await first()]
    const copy = await of(original)
    await of(other)
    await erase(copy)
    expect((await erase(original)).derived).toEqual([])
  })

  it('names one whose request was on its way: it has read the vector, and is written down before', async () => {
    const original = await first()
    const late = '0'.repeat(26)
    await api.store.put(artifactKeys.derived('local', original.id, late), new Uint8Array(), {
      contentType: 'text/plain',
    })
    const receipt = await erase(original, '?derived=true')
    expect(receipt).toMatchObject({ derived: [late], derived_erased: true })
    const write = api.store.put(artifactKeys.identity(late), new Uint8Array(1), { contentType: 'a/b' })
    await expect(write).rejects.toMatchObject({ problem: 'shredded' })
  })
})

it('says in the receipt whether keys have their own store', async () => {
  const together = await startApi({ keysApart: false })
  const { id } = await together.json<Prediction>(together.post({ input: { input_image: photo } }, { prefer: 'wait' }))
  const response = await together.request(`/v1/predictions/${id}`, { method: 'DELETE' })
  expect(await response.json()).toMatchObject({ key_shredded: true, keys_apart: false })
  await together.stop()
  expect(await erase(await first())).toMatchObject({ key_shredded: true, keys_apart: true })
})
