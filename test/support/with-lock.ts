import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isAlive } from '../../cli/stack/process-start.ts'
import { errorCode } from '../../lib/error-code.ts'
import { pollUntil } from '../../lib/poll-until.ts'

const cache = resolve(import.meta.dirname, '../../.cache')

/** Whether a process has left the lock behind when it died. */
const isLeft = async (folder: string): Promise<boolean> => {
  const pid = Number(await readFile(join(folder, 'pid'), 'utf8').catch(() => ''))
  return pid > 0 && !isAlive(pid)
}

/** Runs what test files that run at the same time must do one after the other, such as installing a tool. */
export const withLock = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
  const folder = join(cache, `${name}.lock`)
  await mkdir(cache, { recursive: true })
  const take = async (): Promise<boolean> => {
    try {
      await mkdir(folder)
      return true
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error
      if (await isLeft(folder)) await rm(folder, { recursive: true, force: true })
      return false
    }
  }
  await pollUntil(take, Boolean, { everyMs: 250 })
  try {
    await writeFile(join(folder, 'pid'), `${process.pid}`)
    return await run()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
