import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pollUntil } from '../../lib/poll-until.ts'

/** What runs from a state folder; written while it does. */
export interface RunningStack {
  pid: number
  apiUrl: string
  uiUrl: string
  /** Of the dev server, where we started one. */
  temporalPid?: number
}

const file = (stateDir: string) => join(stateDir, 'running.json')

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The name of a process as the kernel has it; empty where that is not to be had. */
const processName = async (pid: number): Promise<string> =>
  (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim()

/** The stack that runs from this state, if one does. */
export const findRunning = async (stateDir: string): Promise<RunningStack | undefined> => {
  const text = await readFile(file(stateDir), 'utf8').catch(() => undefined)
  if (!text) return undefined
  const running = JSON.parse(text) as RunningStack
  return isAlive(running.pid) ? running : undefined
}

const leftoverTimeoutMs = 10_000

/** Ends the dev server of a stack that was killed: two servers on one database would spoil it. */
const endLeftover = async ({ temporalPid }: RunningStack): Promise<void> => {
  if (!temporalPid || !isAlive(temporalPid) || !(await processName(temporalPid)).startsWith('temporal')) return
  process.kill(temporalPid, 'SIGTERM')
  await pollUntil(
    () => isAlive(temporalPid),
    (alive) => !alive,
    { everyMs: 100, timeoutMs: leftoverTimeoutMs },
  )
}

/** Takes the state folder for this process. Throws where another one has it. */
export const claimState = async (stateDir: string): Promise<void> => {
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  const text = await readFile(file(stateDir), 'utf8').catch(() => undefined)
  if (text) {
    const before = JSON.parse(text) as RunningStack
    if (isAlive(before.pid)) {
      throw new Error(`Idem runs from ${stateDir} already (pid ${before.pid}, ${before.apiUrl}); stop it first`)
    }
    await endLeftover(before)
    await rm(file(stateDir), { force: true })
  }
  const part = join(stateDir, `running.${process.pid}.part`)
  await writeFile(part, JSON.stringify({ pid: process.pid, apiUrl: '', uiUrl: '' } satisfies RunningStack))
  try {
    // Unlike a rename, a link fails where another process was quicker.
    await link(part, file(stateDir))
  } catch (cause) {
    throw new Error(`Another process has just started Idem from ${stateDir}`, { cause })
  } finally {
    await rm(part, { force: true })
  }
}

export const recordRunning = (stateDir: string, running: RunningStack): Promise<void> =>
  writeFile(file(stateDir), JSON.stringify(running))

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

export const releaseState = async (stateDir: string): Promise<void> => {
  await rm(cliConfigFile(stateDir), { force: true })
  await rm(file(stateDir), { force: true })
}
