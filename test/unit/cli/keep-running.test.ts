import { expect, it } from 'vitest'
import { keepRunning } from '../../../cli/stack/keep-running.ts'
import { eventually } from '../../support/eventually.ts'

/** Processes that a test ends by hand; the starts named in `failing` (from 1) throw. */
const createProcesses = (...failing: number[]) => {
  const started: { end(how: string): void; stopped: boolean }[] = []
  let starts = 0
  const start = async () => {
    starts++
    if (failing.includes(starts)) throw new Error(`start ${starts} failed`)
    let end: (how: string) => void = () => undefined
    const ended = new Promise<string>((resolve) => {
      end = resolve
    })
    const process = { end, stopped: false }
    started.push(process)
    const stop = async () => {
      process.stopped = true
      end('exited with code 0')
    }
    return { pid: started.length, ended, stop }
  }
  return { start, started, starts: () => starts }
}
const delayMs = { first: 1, most: 4 }

it('starts a process again whenever it ends, and says so', async () => {
  const { start, started } = createProcesses()
  const lines: string[] = []
  const seen: number[] = []
  const onStart = ({ pid }: { pid: number }) => void seen.push(pid)
  const kept = await keepRunning({ name: 'The API', start, onStart, log: (line) => lines.push(line), delayMs })
  for (const nth of [1, 2, 3]) {
    started[nth - 1]!.end('ended by SIGKILL')
    await eventually(() => expect(seen).toHaveLength(nth + 1))
  }
  expect(lines.filter((line) => line.startsWith('The API ended by SIGKILL; restarting it'))).toHaveLength(3)
  await kept.stop()
  expect(started.map(({ stopped }) => stopped)).toEqual([false, false, false, true])
})

it('goes on after starts that fail', async () => {
  const { start, started, starts } = createProcesses(2, 3, 4)
  const lines: string[] = []
  const kept = await keepRunning({ name: 'The worker', start, log: (line) => lines.push(line), delayMs })
  started[0]!.end('exited with code 1')
  await eventually(() => expect(kept.current().pid).toBe(2))
  expect(starts()).toBe(5)
  expect(lines.join('\n')).toContain('start 4 failed; retrying')
  await kept.stop()
})

it('throws if the first start fails', async () => {
  const { start } = createProcesses(1)
  await expect(keepRunning({ name: 'The API', start, log: () => undefined })).rejects.toThrow('start 1 failed')
})

it('starts nothing after it was stopped, also while it waits to start again', async () => {
  const { start, started, starts } = createProcesses()
  const lines: string[] = []
  const log = (line: string) => lines.push(line)
  const kept = await keepRunning({ name: 'The API', start, log, delayMs: { first: 3_600_000, most: 3_600_000 } })
  started[0]!.end('ended by SIGKILL')
  await eventually(() => expect(lines).toHaveLength(1))
  await kept.stop()
  expect(starts()).toBe(1)
})
