import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { createPhotoSources } from '../../../api/photo-source.ts'
import { Problem } from '../../../api/problem.ts'
import { createFileStore } from '../../../storage/drivers/file/file-store.ts'

const resolve = createPhotoSources({
  store: createFileStore({ root: tmpdir(), publicUrl: 'https://files.example', signingKey: new Uint8Array(32) }),
  publicUrl: 'https://api.example',
})
const requester = { predictionId: 'p'.repeat(26), tenant: 'local' }

const detailOf = async (photo: string): Promise<string> => {
  const error = await resolve({ input_image: photo }, requester).catch((reason: unknown) => reason)
  if (error instanceof Problem) return error.message
  throw new Error('It was accepted', { cause: error })
}

describe('a photo as base64 without a prefix', () => {
  const bytes = Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * 7919) & 255))
  it.each([
    ['short', bytes.subarray(0, 100).toString('base64')],
    ['long', bytes.toString('base64')],
    ['in lines', bytes.toString('base64').replace(/.{76}/g, '$&\n')],
    ['for URLs', bytes.toString('base64url')],
  ])('gets a message that says how to send it: %s', async (_, text) => {
    expect(await detailOf(text)).toContain('send it as a data: URI: data:image/jpeg;base64,…')
  })

  it('is not what a wrong or a long URL is taken for', async () => {
    expect(await detailOf('example.com/photo.jpg')).toContain('Must be an http(s) URL')
    expect(await detailOf(`https://example.com/${'x'.repeat(5_000)}`)).toContain('The URL is too long')
  })
})
