import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadOrMakeSecrets } from '../../../storage/secrets.ts'

let stateDir: string
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'idem-secrets-'))
})
afterEach(() => rm(stateDir, { recursive: true }))

const path = () => join(stateDir, 'secrets.json')

it('are made once, also by processes that start together, for their owner only', async () => {
  const all = await Promise.all(Array.from({ length: 10 }, () => loadOrMakeSecrets(stateDir)))
  for (const one of all) expect(one).toEqual(all[0])
  expect(await loadOrMakeSecrets(stateDir)).toEqual(all[0])
  expect((await stat(path())).mode & 0o777).toBe(0o600)
})

it('have a key id of their own, by which another ring is told from damage', async () => {
  const other = await mkdtemp(join(tmpdir(), 'idem-secrets-'))
  const idOf = ({ encryptionKeys }: { encryptionKeys: string }) => encryptionKeys.split(':')[0]
  expect(idOf(await loadOrMakeSecrets(stateDir))).not.toBe(idOf(await loadOrMakeSecrets(other)))
  await rm(other, { recursive: true })
})

it.each(['', '{"webhookSecret": "whsec_c2VjcmV0', '{"webhookSecret": "whsec_c2VjcmV0"}', '[]', 'null'])(
  'that are damaged are refused, kept and not shown: %j',
  async (text) => {
    await writeFile(path(), text)
    const problem = await loadOrMakeSecrets(stateDir).catch((error: Error) => error.message)
    expect(problem).toContain(`${path()} is damaged`)
    expect(problem).not.toContain('c2VjcmV0')
    expect(await readFile(path(), 'utf8')).toBe(text)
  },
)

it.each(['temporal.db', 'artifacts'])('that are missing beside %s are not made anew', async (name) => {
  if (name === 'artifacts') await mkdir(join(stateDir, name))
  else await writeFile(join(stateDir, name), '')
  await expect(loadOrMakeSecrets(stateDir)).rejects.toThrow(`secrets.json is missing, but ${join(stateDir, name)}`)
})
