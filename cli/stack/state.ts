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
  /** When that process started, as pids are reused. */
  startedAt: z.string().optional(),
  apiUrl: z.string(),
  uiUrl: z.string(),
  /** The dev server, if this stack started one. */
  temporalPid: pidSchema.optional(),
})

/** The stack that runs from a state folder. The file exists while it runs. */
export type RunningStack = z.infer<typeof runningSchema>

const file = (stateDir: string) => join(stateDir, 'running.json')

/** Returns undefined if the text is empty, truncated or malformed. */
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

/** Returns the stack that runs from this state folder, if there is one. */
export const findRunning = async (stateDir: string): Promise<RunningStack | undefined> => {
  const running = parseRunning((await readText(file(stateDir))) ?? '')
  return running && (await stillRuns(running)) ? running : undefined
}

const leftoverTimeoutMs = 10_000

/** Stops the dev server of a stack that was killed: two servers would corrupt the database. */
const endLeftover = async (temporalPid: number): Promise<void> => {
  if (!isAlive(temporalPid) || !(await processName(temporalPid)).startsWith('temporal')) return
  process.kill(temporalPid, 'SIGTERM')
  const gone = await pollUntil(
    () => !isAlive(temporalPid),
    (now) => now,
    { everyMs: 100, timeoutMs: leftoverTimeoutMs },
  )
  if (!gone)
    throw new Error(`The Temporal server of an earlier start (pid ${temporalPid}) does not stop; stop it first`)
}

/** Writes a file atomically. */
const writeWhole = async (path: string, text: string): Promise<void> => {
  const part = `${path}.${randomUUID()}.part`
  await writeFile(part, text, { mode: 0o600 })
  await rename(part, path)
}

/** Claims the state folder for this process. Throws if another process uses it. */
export const claimState = async (stateDir: string): Promise<void> => {
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  const holder = await takeLock(stateDir)
  const before = parseRunning((await readText(file(stateDir))) ?? '')
  if (holder || (before && before.pid !== process.pid && (await stillRuns(before)))) {
    if (!holder) await releaseLock(stateDir)
    const { pid } = holder ?? before!
    throw new Error(
      `Idem is already running from ${stateDir} (pid ${pid}${before ? `, ${before.apiUrl}` : ''}); stop it first`,
    )
  }
  if (before?.temporalPid) await endLeftover(before.temporalPid)
  await rm(file(stateDir), { force: true })
}

/**
 * Records what is running, for other commands and for the start after a crash. Requires a claim of the state folder.
 */
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

/** Only readable by its owner, as it contains the URL that decodes payloads. */
export const recordCliConfig = (
  stateDir: string,
  { address, codecEndpoint }: { address: string; codecEndpoint: string },
): Promise<void> =>
  writeFile(
    cliConfigFile(stateDir),
    `[profile.default]\naddress = "${address}"\n\n[profile.default.codec]\nendpoint = "${codecEndpoint}"\n`,
    { mode: 0o600 },
  )

/** Releases the state folder. Requires a claim. */
export const releaseState = async (stateDir: string): Promise<void> => {
  await rm(cliConfigFile(stateDir), { force: true })
  await rm(file(stateDir), { force: true })
  await releaseLock(stateDir)
}
