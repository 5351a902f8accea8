import { expect, it } from 'vitest'
import { signStreamUrl, verifyStreamUrl } from '../../../api/stream-url.ts'
import { toBase64 } from '../../../lib/base64.ts'
import { parseKeyRing } from '../../../lib/crypto/key-ring.ts'
import { urlSigningKeys } from '../../../storage/parse-storage-config.ts'
import { signFileUrl, verifySignedUrl } from '../../../storage/signed-url.ts'

const publicUrl = 'http://files.test'
const holder = '~acme'
const key = (id: string, fill: number) => `${id}:${toBase64(new Uint8Array(32).fill(fill))}`
const keysOf = (...ring: string[]) => urlSigningKeys(parseKeyRing(ring.join()))

const [old, fresh, stranger] = [key('old', 1), key('new', 2), key('old', 3)]

it('opens URLs of files and streams for as long as the ring has the key that signed them', async () => {
  const [signingKey] = await keysOf(old)
  const fileUrl = await signFileUrl({
    method: 'GET',
    key: 'public/x',
    expiresInSeconds: 60,
    publicUrl,
    signingKey: signingKey!,
  })
  const streamUrl = await signStreamUrl('p1', { publicUrl, holder, signingKeys: await keysOf(old) })
  const opens = async (...ring: string[]) => {
    const signingKeys = await keysOf(...ring)
    const file = await verifySignedUrl({ url: fileUrl, method: 'GET', signingKeys })
    const stream = await verifyStreamUrl('p1', Object.fromEntries(new URL(streamUrl).searchParams), { signingKeys })
    return [file.ok, stream.ok]
  }
  expect(await opens(old)).toEqual([true, true])
  expect(await opens(old, fresh)).toEqual([true, true])
  expect(await opens(fresh, old)).toEqual([true, true])
  expect(await opens(fresh)).toEqual([false, false])
  expect(await opens(stranger)).toEqual([false, false])
})

it('signs with the newest key', async () => {
  const streamUrl = await signStreamUrl('p1', { publicUrl, holder, signingKeys: await keysOf(fresh, old) })
  const query = Object.fromEntries(new URL(streamUrl).searchParams)
  expect(await verifyStreamUrl('p1', query, { signingKeys: await keysOf(fresh) })).toEqual({ ok: true, holder })
  expect(await verifyStreamUrl('p1', query, { signingKeys: await keysOf(old) })).toMatchObject({ ok: false })
})

it('belongs to the one that it was signed for', async () => {
  const signingKeys = await keysOf(fresh)
  const fileUrl = await signFileUrl({
    method: 'GET',
    key: 'public/x',
    expiresInSeconds: 60,
    holder: 'abc123',
    publicUrl,
    signingKey: signingKeys[0]!,
  })
  const read = (url: string) => verifySignedUrl({ url, method: 'GET', signingKeys })
  expect(await read(fileUrl)).toMatchObject({ ok: true, holder: 'abc123' })
  for (const other of ['~acme', '', 'abc123%0A', 'x'.repeat(65)]) {
    expect(await read(fileUrl.replace('abc123', other))).toMatchObject({ ok: false, reason: 'invalid' })
  }
  const streamUrl = await signStreamUrl('p1', { publicUrl, holder, signingKeys })
  const query = Object.fromEntries(new URL(streamUrl).searchParams)
  const changes: Record<string, string>[] = [{ holder: '~other' }, { holder: '' }, { expires: '99999999999' }]
  for (const change of changes) {
    expect(await verifyStreamUrl('p1', { ...query, ...change }, { signingKeys })).toMatchObject({ ok: false })
  }
  expect(await verifyStreamUrl('p2', query, { signingKeys })).toMatchObject({ ok: false })
})
