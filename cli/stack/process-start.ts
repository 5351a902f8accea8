import { readFile } from 'node:fs/promises'

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The name of a process as the kernel has it; empty where that is not to be had. */
export const processName = async (pid: number): Promise<string> =>
  (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim()

/**
 * When a process started, in clock ticks since the machine did: with the pid it tells a process from a later one that got
 * the same pid. Empty where the system does not say.
 */
export const processStart = async (pid: number): Promise<string> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // Field 22 of proc(5); the name in parentheses, field 2, may contain spaces.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

/** Whether the process that had this pid and start still runs. */
export const stillRuns = async ({ pid, startedAt }: { pid: number; startedAt?: string }): Promise<boolean> => {
  if (!isAlive(pid)) return false
  const now = await processStart(pid)
  return !startedAt || !now || now === startedAt
}
