import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { processStart } from '../../../cli/stack/process-start.ts'
import { claimState, findRunning, recordRunning, releaseState } from '../../../cli/stack/state.ts'
import { releaseLock } from '../../../cli/stack/state-lock.ts'

let stateDir: string
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'idem-state-'))
})
afterEach(() => rm(stateDir, { recursive: true }))

const lock = () => join(stateDir, 'running.json')

/** The pid of a process that has ended. */
const deadPid = async (): Promise<number> => {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid!
}

it('is taken by one, and free again afterwards', async () => {
  await claimState(stateDir)
  await expect(claimState(stateDir)).rejects.toThrow(`Idem is already running from ${stateDir}`)
  await recordRunning(stateDir, { apiUrl: 'http://127.0.0.1:1', uiUrl: '' })
  expect((await findRunning(stateDir))?.apiUrl).toBe('http://127.0.0.1:1')
  expect((await stat(lock())).mode & 0o777).toBe(0o600)
  await releaseState(stateDir)
  await claimState(stateDir)
  expect(await readdir(stateDir)).toEqual(['lock.2'])
})

it.each(['', '{"pid": 12', 'null', '[]', '{"pid": "x"}', '{"pid": -1, "apiUrl": "", "uiUrl": ""}'])(
  'is taken over from a start that was cut short: running.json has %j',
  async (text) => {
    await writeFile(lock(), text)
    await writeFile(join(stateDir, 'lock.3'), text)
    expect(await findRunning(stateDir)).toBeUndefined()
    await claimState(stateDir)
    await expect(claimState(stateDir)).rejects.toThrow(`pid ${process.pid}`)
  },
)

it('is taken over from a process that has ended', async () => {
  const pid = await deadPid()
  await writeFile(lock(), JSON.stringify({ pid, apiUrl: '', uiUrl: '' }))
  await writeFile(join(stateDir, 'lock.1'), JSON.stringify({ pid, startedAt: '1' }))
  await claimState(stateDir)
})

it('is taken over from a process whose pid another one has now', async () => {
  const startedAt = await processStart(process.pid)
  expect(startedAt).toMatch(/^\d+$/)
  await writeFile(lock(), JSON.stringify({ pid: process.ppid, startedAt: `${startedAt}0`, apiUrl: '', uiUrl: '' }))
  await writeFile(join(stateDir, 'lock.1'), JSON.stringify({ pid: process.ppid, startedAt: `${startedAt}0` }))
  await claimState(stateDir)
})

it('is taken by one of many that start together after a crash', async () => {
  for (let round = 0; round < 20; round++) {
    await writeFile(join(stateDir, `lock.${round * 10 + 1}`), JSON.stringify({ pid: await deadPid(), startedAt: '1' }))
    const claims = await Promise.allSettled(Array.from({ length: 8 }, () => claimState(stateDir)))
    expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  }
})

it('is not given back by a process that does not have it', async () => {
  const text = JSON.stringify({ pid: process.ppid, startedAt: await processStart(process.ppid) })
  await writeFile(join(stateDir, 'lock.1'), text)
  await expect(claimState(stateDir)).rejects.toThrow(`pid ${process.ppid}`)
  await releaseLock(stateDir)
  expect(await readFile(join(stateDir, 'lock.1'), 'utf8')).toBe(text)
})
