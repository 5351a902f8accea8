import { randomUUID } from 'node:crypto'
import { link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { errorCode } from '../../lib/error-code.ts'
import { processStart, stillRuns } from './process-start.ts'

// Node has no locks that the system gives back when a process dies. A file `lock.N` names its holder; the highest N counts.
// Who finds that holder gone makes the next one, which only one process can: a link never replaces a file. The highest is
// never deleted, so that no number is used twice: it is emptied when it is given back.

const holderSchema = z.object({ pid: z.int().positive(), startedAt: z.string() })
export type Holder = z.infer<typeof holderSchema>

const lockName = /^lock\.(\d+)$/
const pathOf = (stateDir: string, number: number) => join(stateDir, `lock.${number}`)

/** The locks in a folder, highest first. */
const listLocks = async (stateDir: string): Promise<number[]> =>
  (await readdir(stateDir))
    .map((name) => Number(lockName.exec(name)?.[1] ?? 0))
    .filter((number) => number > 0)
    .sort((a, b) => b - a)

/** Undefined if it was given back, or the file is damaged or gone. */
const readHolder = async (stateDir: string, number: number): Promise<Holder | undefined> => {
  try {
    return holderSchema.parse(JSON.parse(await readFile(pathOf(stateDir, number), 'utf8')))
  } catch {
    return undefined
  }
}

/** False if there is such a lock already. */
const tryLink = async (part: string, path: string): Promise<boolean> => {
  try {
    await link(part, path)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

/** Takes the lock of a folder for this process; the holder if another process has it. */
export const takeLock = async (stateDir: string): Promise<Holder | undefined> => {
  const part = join(stateDir, `lock.${randomUUID()}.part`)
  const own: Holder = { pid: process.pid, startedAt: await processStart(process.pid) }
  await writeFile(part, JSON.stringify(own), { mode: 0o600 })
  try {
    while (true) {
      const [highest = 0] = await listLocks(stateDir)
      const holder = highest > 0 ? await readHolder(stateDir, highest) : undefined
      if (holder && (await stillRuns(holder))) return holder
      const number = highest + 1
      if (!(await tryLink(part, pathOf(stateDir, number)))) continue
      const [now = 0, ...older] = await listLocks(stateDir)
      // The look was so long ago that others have taken and given back the lock since, and deleted this number.
      if (now > number) {
        await rm(pathOf(stateDir, number), { force: true })
        continue
      }
      await Promise.all(older.map((one) => rm(pathOf(stateDir, one), { force: true })))
      return undefined
    }
  } finally {
    await rm(part, { force: true })
  }
}

/** Gives the lock back if this process has it. */
export const releaseLock = async (stateDir: string): Promise<void> => {
  const [highest = 0] = await listLocks(stateDir)
  const holder = highest > 0 ? await readHolder(stateDir, highest) : undefined
  if (holder?.pid !== process.pid) return
  const empty = join(stateDir, `lock.${randomUUID()}.part`)
  await writeFile(empty, '', { mode: 0o600 })
  await rename(empty, pathOf(stateDir, highest))
}
