import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { hashRequest, isEarlierHash } from '../../../api/request-hash.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const model = 'idem/arc2face'
const photo = `data:image/jpeg;base64,${'A'.repeat(100_000)}`
const body = { input: { input_image: photo, num_images: 2, embedding: [0.5, -1e-7] }, keep_photos: true }

describe('the hash of a request', () => {
  it('is of its JSON with sorted names and without its long strings', async () => {
    const text = `["${model}",{"input":{"embedding":[0.5,-1e-7],"input_image":#${sha256(photo)},"num_images":2},"keep_photos":true}]`
    expect(await hashRequest(model, body)).toBe(`c1-${sha256(text)}`)
  })

  it('does not depend on spaces, escapes and the order of fields', async () => {
    const text = `{ "keep_photos": true,
      "input": { "num_images": 2.0, "embedding": [5e-1, -0.0000001], "input_image": "${photo.replace('/', '\\/')}" } }`
    expect(await hashRequest(model, JSON.parse(text))).toBe(await hashRequest(model, body))
  })

  it.each([
    ['another number', { input: { ...body.input, num_images: 3 }, keep_photos: true }],
    ['another photo', { input: { ...body.input, input_image: photo.replace('A', 'B') }, keep_photos: true }],
    ['another order of a list', { input: { ...body.input, embedding: [-1e-7, 0.5] }, keep_photos: true }],
    [
      'a string that looks like a hash',
      { input: { ...body.input, input_image: `#${sha256(photo)}` }, keep_photos: true },
    ],
    ['a field less', { input: body.input }],
    ['null in place of a value', { input: { ...body.input, num_images: null }, keep_photos: true }],
  ])('differs for %s', async (_, other) => {
    expect(await hashRequest(model, other)).not.toBe(await hashRequest(model, body))
  })

  it('differs for another model', async () => {
    expect(await hashRequest('idem/face-embedding', body)).not.toBe(await hashRequest(model, body))
  })

  it('is known as an earlier version stored it', async () => {
    const earlier = sha256(JSON.stringify([model, body]))
    expect(await isEarlierHash(earlier, model, body)).toBe(true)
    expect(await isEarlierHash(earlier, model, { ...body, keep_photos: false })).toBe(false)
    expect(await isEarlierHash(undefined, model, body)).toBe(false)
  })
})
