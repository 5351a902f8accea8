import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AwsClient } from 'aws4fetch'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkKeys } from '../../../cli/checks/check-keys.ts'
import { readKeysConfig } from '../../../cli/config.ts'
import { readStorageConfig } from '../../../storage/config.ts'
import { readAll } from '../../../storage/store.ts'
import { findVersitygw, startVersitygw } from '../../support/versitygw.ts'

const path = await findVersitygw({ ci: Boolean(process.env.CI) })
const buckets = ['artifacts', 'keys', 'versioned']

describe.skipIf(!path)('keys in a bucket of a real S3 server', () => {
  let server: Awaited<ReturnType<typeof startVersitygw>>
  let env: NodeJS.ProcessEnv
  let stateDir: string
  beforeAll(async () => {
    server = await startVersitygw(path!, buckets, { versioned: true })
    const { accessKeyId, secretAccessKey } = server.credentials
    stateDir = await mkdtemp(join(tmpdir(), 'idem-state-'))
    env = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, IDEM_STATE: stateDir }
    const aws = new AwsClient({ ...server.credentials, service: 's3', region: 'us-east-1' })
    const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
    const answer = await aws.fetch(`${server.endpoint}/versioned?versioning=`, { method: 'PUT', body })
    expect(answer.status).toBe(200)
  })
  afterAll(async () => {
    await server?.stop()
    await rm(stateDir, { recursive: true })
  })

  const at = (bucket: string) => `s3://${bucket}?endpoint=${encodeURIComponent(server.endpoint)}`
  const places = (artifacts: string, keys?: string) => ({
    ...env,
    IDEM_STORAGE: at(artifacts),
    ...(keys && { IDEM_KEYS: at(keys) }),
  })
  const check = (artifacts: string, keys?: string) => checkKeys(readKeysConfig(places(artifacts, keys)))

  it('are all right in a bucket of their own that keeps no versions', async () => {
    expect(await check('artifacts', 'keys')).toMatchObject({ status: 'ok', check: 'keys' })
  })

  it.each([
    ['their own bucket', 'artifacts', 'versioned'],
    ['the artifacts’', 'versioned', undefined],
  ])('are a gap where %s keeps versions', async (_, artifacts, keys) => {
    expect(await check(artifacts, keys)).toMatchObject({
      status: 'gap',
      what: expect.stringContaining('s3://versioned keeps versions'),
    })
  })

  it.each([
    ['with the artifacts', undefined],
    ['in the artifacts’ bucket', 'artifacts/keys'],
  ])('are noted where they lie %s', async (_, keys) => {
    expect(await check('artifacts', keys)).toMatchObject({
      status: 'note',
      advice: [expect.stringContaining('IDEM_KEYS')],
    })
  })

  it('are a gap where they cannot be written', async () => {
    expect(await check('artifacts', 'no-such-bucket')).toMatchObject({
      status: 'gap',
      advice: [expect.stringContaining('IDEM_KEYS')],
    })
  })

  it('are destroyed there', async () => {
    const { store } = await readStorageConfig(places('artifacts', 'keys'))
    const key = 'predictions/p1/identity.f32'
    await store.put(key, new TextEncoder().encode('face'), { contentType: 'a/b' })
    expect(new TextDecoder().decode(await readAll((await store.get(key))!))).toBe('face')
    const { store: without } = await readStorageConfig(places('artifacts'))
    await expect(without.get(key)).rejects.toMatchObject({ problem: 'shredded' })
    await store.shred('p1')
    await expect(store.get(key)).rejects.toMatchObject({ problem: 'shredded' })
  })
})

describe('keys that nobody configured', () => {
  it('lie in a folder beside the artifacts', async () => {
    const config = readKeysConfig({ IDEM_STATE: '/srv/idem' })
    expect(config).toMatchObject({ storage: 'file:/srv/idem/artifacts', keys: 'file:/srv/idem/keys' })
  })

  it('lie with the artifacts where only those are configured, as before', async () => {
    expect(readKeysConfig({ IDEM_STATE: '/srv/idem', IDEM_STORAGE: 'file:/mnt/artifacts' }).keys).toBeUndefined()
    const config = { IDEM_STATE: '/srv/idem', IDEM_STORAGE: 'file:/mnt/a', IDEM_KEYS: 'file:/mnt/a/keys' }
    const folder = await mkdtemp(join(tmpdir(), 'idem-nested-'))
    const nested = { ...config, IDEM_STORAGE: `file:${folder}`, IDEM_KEYS: `file:${folder}/keys` }
    expect(await checkKeys(readKeysConfig(nested))).toMatchObject({ status: 'note' })
    await rm(folder, { recursive: true })
  })

  it('are never among the artifacts themselves', async () => {
    const same = {
      IDEM_STATE: '/srv/idem',
      IDEM_STORAGE: 'file:/mnt/a',
      IDEM_KEYS: 'file:/mnt/a',
      IDEM_ENCRYPTION_KEYS: '',
    }
    const secrets = { IDEM_WEBHOOK_SECRET: `whsec_${'A'.repeat(43)}=`, IDEM_ENCRYPTION_KEYS: `a:${'A'.repeat(43)}=` }
    await expect(readStorageConfig({ ...same, ...secrets })).rejects.toThrow('IDEM_KEYS and IDEM_STORAGE are the same')
  })
})
