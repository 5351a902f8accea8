import { randomBytes } from 'node:crypto'
import { access, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { toBase64 } from '../lib/base64.ts'
import { errorCode } from '../lib/error-code.ts'
import { toHex } from '../lib/hex.ts'
import { succeeds } from '../lib/succeeds.ts'

const file = 'secrets.json'

const secretsSchema = z.object({
  /** Root of every tenant's webhook secret: `whsec_` and standard base64; several separated by commas, newest first. */
  webhookSecret: z.string().min(1),
  /** Key ring for Temporal's payloads, sealed artifacts and signed URLs: `id:base64` of 32 bytes, newest first. */
  encryptionKeys: z.string().min(1),
})

export type Secrets = z.infer<typeof secretsSchema>

/** What only these secrets can read. */
const sealed = ['temporal.db', 'artifacts']

const randomKey = () => toBase64(randomBytes(32))

const make = (): Secrets => ({
  webhookSecret: `whsec_${randomKey()}`,
  // Each ring has its own id, which distinguishes data that another ring sealed from damaged data.
  encryptionKeys: `local-${toHex(randomBytes(4))}:${randomKey()}`,
})

/** Throws an error that does not show what is in the file. */
const parseSecretsFile = (path: string, text: string): Secrets => {
  try {
    return secretsSchema.parse(JSON.parse(text))
  } catch {
    throw new Error(
      `${path} is damaged: it must be JSON with webhookSecret and encryptionKeys. Restore it from a backup; without its keys nothing in this folder can be read`,
    )
  }
}

/** New keys could not read what is there. */
const refuseLostSecrets = async (stateDir: string): Promise<void> => {
  const exists = (name: string) => succeeds(access(join(stateDir, name)))
  for (const name of sealed) {
    const path = join(stateDir, name)
    // A process that started at the same time may have made the secrets and stored something by now.
    if (!(await exists(name)) || (await exists(file))) continue
    throw new Error(
      `${join(stateDir, file)} is missing, but ${path} was written with its keys. Restore the file from a backup, or move the folder away to start afresh`,
    )
  }
}

/**
 * The secrets of a machine that nobody configured: made at the first start, kept in `stateDir`, readable only by its
 * owner. Processes that start together agree on one set. Throws if the file is damaged, or missing beside data.
 */
export const loadOrMakeSecrets = async (stateDir: string): Promise<Secrets> => {
  const path = join(stateDir, file)
  const read = async () => parseSecretsFile(path, await readFile(path, 'utf8'))
  try {
    return await read()
  } catch (error) {
    const code = errorCode(error)
    if (code === '') throw error
    if (code !== 'ENOENT') throw new Error(`Cannot read ${path}`, { cause: error })
  }
  await refuseLostSecrets(stateDir)
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
