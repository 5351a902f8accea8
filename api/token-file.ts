import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { errorCode } from '../lib/error-code.ts'
import { pollUntil } from '../lib/poll-until.ts'
import { findToken, type TokenRecord, tokenFileSchema } from './token-records.ts'

/** The tokens in a file; none where there is no file. Throws where it is something else. */
export const readTokenFile = async (file: string): Promise<TokenRecord[]> => {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw new Error(`Cannot read the tokens in ${file}`, { cause: error })
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new Error(`The tokens in ${file} are no JSON`, { cause })
  }
  const parsed = tokenFileSchema.safeParse(json)
  if (!parsed.success) throw new Error(`The tokens in ${file} are not in order: ${z.prettifyError(parsed.error)}`)
  return parsed.data.tokens
}

/** Replaces the file in one go, readable by its owner alone. */
export const writeTokenFile = async (file: string, tokens: readonly TokenRecord[]): Promise<void> => {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const part = `${file}.${process.pid}.part`
  await writeFile(part, `${JSON.stringify({ tokens }, null, 2)}\n`, { mode: 0o600 })
  await rename(part, file)
}

const lockWait = { everyMs: 50, timeoutMs: 5_000 }

/** Changes the file while nobody else does. Throws where another process holds it for long. */
export const updateTokenFile = async (
  file: string,
  change: (tokens: readonly TokenRecord[]) => readonly TokenRecord[],
): Promise<void> => {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const lock = `${file}.lock`
  const takeLock = async (): Promise<boolean> => {
    try {
      await (await open(lock, 'wx')).close()
      return true
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false
      throw error
    }
  }
  if (!(await pollUntil(takeLock, Boolean, lockWait))) {
    throw new Error(`Another process is changing ${file}; if none is, remove ${lock}`)
  }
  try {
    await writeTokenFile(file, change(await readTokenFile(file)))
  } finally {
    await rm(lock, { force: true })
  }
}

/** How often the file is looked at: a revoked token works for no longer. */
const checkEveryMs = 500

/**
 * Finds tokens in a file that may change at any time. A file that cannot be read, or is not in order, lets nobody in
 * until it is mended.
 */
export const watchTokenFile = (file: string, onError: (error: Error) => void) => {
  let version = ''
  let records: readonly TokenRecord[] = []
  let checkedAt = Number.NEGATIVE_INFINITY
  let checking: Promise<void> | undefined

  const check = async () => {
    const found = await stat(file).catch(() => undefined)
    const now = found ? `${found.ino} ${found.mtimeMs} ${found.size}` : 'none'
    if (now !== version) {
      version = now
      try {
        records = await readTokenFile(file)
      } catch (error) {
        records = []
        onError(error as Error)
      }
    }
    checkedAt = performance.now()
  }

  return async (token: string): Promise<TokenRecord | undefined> => {
    if (performance.now() - checkedAt >= checkEveryMs) {
      checking ??= check().finally(() => {
        checking = undefined
      })
      await checking
    }
    return findToken(token, records)
  }
}
