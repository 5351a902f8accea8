import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeToken, type TokenRecord } from '../../../api/token-records.ts'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import type { Prediction } from '../../../contracts/prediction.ts'
import { tenantWebhookSecrets } from '../../../contracts/tenant-secret.ts'
import { signFileUrl } from '../../../storage/signed-url.ts'
import { photo, publicUrl, startApi, type TestApi, urlSigningKeys, webhookSecret } from '../../support/test-api.ts'

// A tenant called `local` asks for its webhook secret, and tries to make of it what belongs to others.

let api: TestApi
let victim: Prediction
const tokens: Record<string, string> = {}
const as = (tenant: string) => ({ authorization: `Bearer ${tokens[tenant]}` })

beforeAll(async () => {
  const records: TokenRecord[] = []
  for (const tenant of ['local', 'acme']) {
    const { token, record } = await makeToken(tenant)
    tokens[tenant] = token
    records.push(record)
  }
  api = await startApi({ tokens: records })
  const body = { input: { input_image: photo, num_images: 1 } }
  victim = await api.json(api.post(body, { ...as('acme'), prefer: 'wait' }))
})
afterAll(() => api.stop())

const secretOf = async (tenant: string) => {
  const response = await api.request('/v1/webhooks/default/secret', { headers: as(tenant) })
  return (await api.json<{ key: string }>(response)).key
}

const open = (url: string) => {
  const { pathname, search } = new URL(url)
  return api.request(pathname + search)
}

/** The key that signed file URLs before it had a root of its own. */
const oldUrlKey = async (secret: string) => {
  const root = await crypto.subtle.importKey('raw', new TextEncoder().encode(secret), 'HKDF', false, ['deriveBits'])
  const info = new TextEncoder().encode('idem file urls')
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info }
  return new Uint8Array(await crypto.subtle.deriveBits(hkdf, root, 256))
}

const forge = (key: string, signingKey: Uint8Array | CryptoKey) =>
  signFileUrl({ method: 'GET', key, expiresInSeconds: 3600, holder: '~acme', publicUrl, signingKey })

it('made what is to be stolen', () => {
  expect(victim).toMatchObject({ status: 'succeeded', output: [expect.stringContaining('/output-0.png?')] })
})

describe('the webhook secret of the tenant local', () => {
  it("is not the service's, and makes no other tenant's", async () => {
    const [mine, theirs] = [await secretOf('local'), await secretOf('acme')]
    expect(mine).not.toBe(webhookSecret)
    expect(await tenantWebhookSecrets([mine], 'acme')).not.toContain(theirs)
    expect([mine, webhookSecret]).not.toContain(theirs)
  })

  it('signs no file URL', async () => {
    for (const secret of [await secretOf('local'), webhookSecret]) {
      const url = await forge(artifactKeys.identity(victim.id), await oldUrlKey(secret))
      expect((await open(url)).status).toBe(403)
    }
  })
})

describe('whoever has the key that signs file URLs', () => {
  const vector = new TextEncoder().encode('vector of a face')

  it.each([
    ['a vector', (id: string) => artifactKeys.identity(id)],
    ['a photo', (id: string) => artifactKeys.photo(id)],
    ['an upload', (id: string) => artifactKeys.upload('acme', id)],
    ['a wrapped key', (id: string) => `keys/${id}.json`],
    ['a file of another kind', () => 'doctor/x'],
  ])('reads only published files, not %s', async (_, keyOf) => {
    const key = keyOf(victim.id)
    if (!key.startsWith('keys/')) await api.store.put(key, vector, { contentType: 'text/plain' })
    const response = await open(await forge(key, urlSigningKeys[0]!))
    const text = await response.text()
    expect([response.status, text]).toEqual([403, expect.not.stringContaining('vector of a face')])
  })

  it('reads what is published', async () => {
    const response = await open(await forge(artifactKeys.output(victim.id, 0), urlSigningKeys[0]!))
    expect(response.status).toBe(200)
  })
})
