import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { errorCode } from '../lib/error-code.ts'
import { pollUntil } from '../lib/poll-until.ts'
import { type TokenRecord, tokenFileSchema } from './token-records.ts'

/** The tokens in a file, or none if the file does not exist. Throws if the file is malformed. */
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
    throw new Error(`The tokens in ${file} are not valid JSON`, { cause })
  }
  const parsed = tokenFileSchema.safeParse(json)
  if (!parsed.success) throw new Error(`The tokens in ${file} are malformed: ${z.prettifyError(parsed.error)}`)
  return parsed.data.tokens
}

/** Replaces the file atomically. Only its owner can read it. */
export const writeTokenFile = async (file: string, tokens: readonly TokenRecord[]): Promise<void> => {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const part = `${file}.${process.pid}.part`
  await writeFile(part, `${JSON.stringify({ tokens }, null, 2)}\n`, { mode: 0o600 })
  await rename(part, file)
}

const lockWait = { everyMs: 50, timeoutMs: 5_000 }

/** Changes the file under a lock. Throws if another process holds the lock for too long. */
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
    throw new Error(`Another process is changing ${file}. If this is not the case, delete ${lock}`)
  }
  try {
    await writeTokenFile(file, change(await readTokenFile(file)))
  } finally {
    await rm(lock, { force: true })
  }
}

/** How often the file is checked, and so how long a revoked token still works. */
const checkEveryMs = 500

/**
 * Looks up tokens in a file that may change at any time. While the file cannot be read or is malformed, no token is
 * valid.
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

  return async (): Promise<readonly TokenRecord[]> => {
    if (performance.now() - checkedAt >= checkEveryMs) {
      checking ??= check().finally(() => {
        checking = undefined
      })
      await checking
    }
    return records
  }
}
