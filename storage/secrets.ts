import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toBase64 } from '../lib/base64.ts'
import { errorCode } from '../lib/error-code.ts'

const file = 'secrets.json'

export interface Secrets {
  /** Root of every tenant's webhook secret: `whsec_` and standard base64; several separated by commas, newest first. */
  webhookSecret: string
  /** Key ring for Temporal's payloads, sealed artifacts and signed URLs: `id:base64` of 32 bytes, newest first. */
  encryptionKeys: string
}

const randomKey = () => toBase64(randomBytes(32))

const make = (): Secrets => ({
  webhookSecret: `whsec_${randomKey()}`,
  encryptionKeys: `dev:${randomKey()}`,
})

/**
 * The secrets of a machine that nobody configured: made at the first start, kept in `stateDir`, readable only by its
 * owner. Processes that start together agree on one set.
 */
export const loadOrMakeSecrets = async (stateDir: string): Promise<Secrets> => {
  const path = join(stateDir, file)
  const read = async () => JSON.parse(await readFile(path, 'utf8')) as Secrets
  try {
    return await read()
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw new Error(`Cannot read ${path}`, { cause: error })
  }
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  const part = `${path}.${process.pid}.part`
  await writeFile(part, `${JSON.stringify(make(), null, 2)}\n`, { mode: 0o600 })
  try {
    // Unlike a rename, a link never replaces what another process has put there.
    await link(part, path)
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  } finally {
    await rm(part, { force: true })
  }
  return read()
}
