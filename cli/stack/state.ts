import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { errorCode } from '../../lib/error-code.ts'
import { pollUntil } from '../../lib/poll-until.ts'
import { isAlive, processName, processStart, stillRuns } from './process-start.ts'
import { releaseLock, takeLock } from './state-lock.ts'

const pidSchema = z.int().positive()
const runningSchema = z.object({
  pid: pidSchema,
  /** When that process started: a pid is used again. */
  startedAt: z.string().optional(),
  apiUrl: z.string(),
  uiUrl: z.string(),
  /** The dev server, if this stack started one. */
  temporalPid: pidSchema.optional(),
})

/** What runs from a state folder; written while it does. */
export type RunningStack = z.infer<typeof runningSchema>

const file = (stateDir: string) => join(stateDir, 'running.json')

/** Undefined if the text is empty, cut short or something else. */
const parseRunning = (text: string): RunningStack | undefined => {
  try {
    return runningSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

const readText = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch((error) => {
    if (errorCode(error) === 'ENOENT') return undefined
    throw new Error(`Cannot read ${path}`, { cause: error })
  })

/** The stack that runs from this state, if one does. */
export const findRunning = async (stateDir: string): Promise<RunningStack | undefined> => {
  const running = parseRunning((await readText(file(stateDir))) ?? '')
  return running && (await stillRuns(running)) ? running : undefined
}

const leftoverTimeoutMs = 10_000

/** Ends the dev server of a stack that was killed: two servers on one database would spoil it. */
const endLeftover = async (temporalPid: number): Promise<void> => {
  if (!isAlive(temporalPid) || !(await processName(temporalPid)).startsWith('temporal')) return
  process.kill(temporalPid, 'SIGTERM')
  const gone = await pollUntil(
    () => !isAlive(temporalPid),
    (now) => now,
    { everyMs: 100, timeoutMs: leftoverTimeoutMs },
  )
  if (!gone) throw new Error(`The Temporal server of an earlier start (pid ${temporalPid}) does not end; stop it first`)
}

/** Writes a file that readers see whole or not at all. */
const writeWhole = async (path: string, text: string): Promise<void> => {
  const part = `${path}.${randomUUID()}.part`
  await writeFile(part, text, { mode: 0o600 })
  await rename(part, path)
}

/** Takes the state folder for this process. Throws if another process has it. */
export const claimState = async (stateDir: string): Promise<void> => {
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  const holder = await takeLock(stateDir)
  const before = parseRunning((await readText(file(stateDir))) ?? '')
  if (holder || (before && before.pid !== process.pid && (await stillRuns(before)))) {
    if (!holder) await releaseLock(stateDir)
    const { pid } = holder ?? before!
    throw new Error(
      `Idem already runs from ${stateDir} (pid ${pid}${before ? `, ${before.apiUrl}` : ''}); stop it first`,
    )
  }
  if (before?.temporalPid) await endLeftover(before.temporalPid)
  await rm(file(stateDir), { force: true })
}

/** Says what runs, for other commands and for the start after a crash. For the process that claimed the state. */
export const recordRunning = async (
  stateDir: string,
  running: Omit<RunningStack, 'pid' | 'startedAt'>,
): Promise<void> =>
  writeWhole(
    file(stateDir),
    JSON.stringify({ ...running, pid: process.pid, startedAt: await processStart(process.pid) } satisfies RunningStack),
  )

/** Configuration of the Temporal CLI, for `TEMPORAL_CONFIG_FILE`, while the dev server runs. */
export const cliConfigFile = (stateDir: string): string => join(stateDir, 'temporal.toml')

/** The file says where payloads are decoded: it is for nobody else on this machine. */
export const recordCliConfig = (
  stateDir: string,
  { address, codecEndpoint }: { address: string; codecEndpoint: string },
): Promise<void> =>
  writeFile(
    cliConfigFile(stateDir),
    `[profile.default]\naddress = "${address}"\n\n[profile.default.codec]\nendpoint = "${codecEndpoint}"\n`,
    { mode: 0o600 },
  )

/** Gives the state folder back. For the process that claimed it. */
export const releaseState = async (stateDir: string): Promise<void> => {
  await rm(cliConfigFile(stateDir), { force: true })
  await rm(file(stateDir), { force: true })
  await releaseLock(stateDir)
}
