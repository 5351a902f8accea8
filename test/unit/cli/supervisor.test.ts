import { hostname } from 'node:os'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Child } from '../../../cli/stack/child.ts'
import { type Supervisor, superviseWorker } from '../../../cli/stack/supervisor.ts'
import { sleep } from '../../../lib/sleep.ts'
import type { QueueState } from '../../../temporal/queue-state.ts'
import { eventually } from '../../support/eventually.ts'

const lookMs = 20
let supervisor: Supervisor

afterEach(() => supervisor.stop())

/** A worker that ends when it is told to. */
const fakeWorker = (pid: number) => {
  let end: (how: string) => void = () => undefined
  const ended = new Promise<string>((resolve) => {
    end = resolve
  })
  const child: Child = { pid, ended, stop: async () => end('exited with code 0') }
  return { child, end }
}

const poller = (identity: string) => ({ identity, lastSeenAt: new Date() })

/** A supervisor whose queue is `state`; what it said and started. */
const supervise = (state: QueueState & { error?: Error | undefined }, startWorker: () => Promise<Child>) => {
  const lines: string[] = []
  const start = vi.fn(startWorker)
  const readQueue = vi.fn(async () => {
    if (state.error) throw state.error
    return { ...state }
  })
  supervisor = superviseWorker({ name: 'gpu', readQueue, startWorker: start, log: (line) => lines.push(line), lookMs })
  return { lines, start, readQueue }
}

describe('the supervisor of a worker', () => {
  it('leaves tasks to a worker elsewhere that takes them before the next look', async () => {
    const state = { backlog: 1, pollers: [poller('1@elsewhere')] }
    const { start, readQueue } = supervise(state, async () => fakeWorker(1).child)
    await eventually(() => expect(readQueue).toHaveBeenCalledTimes(1))
    state.backlog = 0
    await eventually(() => expect(readQueue.mock.calls.length).toBeGreaterThan(4))
    expect(start).not.toHaveBeenCalled()
    state.backlog = 1
    await eventually(() => expect(start).toHaveBeenCalledTimes(1))
  })

  it('does not take its own worker, that has left, for one elsewhere', async () => {
    const state = { backlog: 1, pollers: [] as ReturnType<typeof poller>[] }
    const worker = fakeWorker(42)
    const left = [worker, fakeWorker(43)]
    const { start, readQueue } = supervise(state, async () => left.shift()!.child)
    await eventually(() => expect(start).toHaveBeenCalledTimes(1))
    state.pollers = [poller(`42@${hostname()}`)]
    readQueue.mockClear()
    worker.end('exited with code 0')
    await eventually(() => expect(start).toHaveBeenCalledTimes(2))
    expect(readQueue).toHaveBeenCalledTimes(1)
  })

  it('starts a worker that has died again though nothing waits, and one that has left only for work', async () => {
    const state = { backlog: 1, pollers: [] }
    const workers = [fakeWorker(1), fakeWorker(2)]
    const left = [...workers]
    const { start, lines } = supervise(state, async () => left.shift()!.child)
    await eventually(() => expect(start).toHaveBeenCalledTimes(1))
    state.backlog = 0
    workers[0]!.end('ended by SIGKILL')
    await eventually(() => expect(start).toHaveBeenCalledTimes(2))
    expect(lines).toContain('Starting the gpu worker again')
    workers[1]!.end('exited with code 0')
    await sleep(10 * lookMs)
    expect(start).toHaveBeenCalledTimes(2)
  })

  it('waits longer each time that a worker does not start, and can be stopped while it waits', async () => {
    const times: number[] = []
    const { lines } = supervise({ backlog: 1, pollers: [] }, async () => {
      times.push(Date.now())
      throw new Error('no device')
    })
    await eventually(() => expect(times).toHaveLength(3))
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(990)
    expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(1_990)
    expect(lines.filter((line) => line === 'no device')).toHaveLength(3)
    const before = Date.now()
    await supervisor.stop()
    expect(Date.now() - before).toBeLessThan(500)
  })

  it('outlives a server that does not answer', async () => {
    const state = { backlog: 1, pollers: [], error: new Error('14 UNAVAILABLE') as Error | undefined }
    const { start, lines } = supervise(state, async () => fakeWorker(1).child)
    await eventually(() => expect(lines).toContain('14 UNAVAILABLE'))
    expect(start).not.toHaveBeenCalled()
    state.error = undefined
    await eventually(() => expect(start).toHaveBeenCalledTimes(1))
  })
})
