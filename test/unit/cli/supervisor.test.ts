import { hostname } from 'node:os'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Child } from '../../../cli/stack/child.ts'
import { type Supervisor, superviseWorker } from '../../../cli/stack/supervisor.ts'
import type { QueueState } from '../../../temporal/queue-state.ts'

const lookMs = 20
let supervisor: Supervisor

// Time passes when a test says so.
beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(async () => {
  await supervisor.stop()
  vi.useRealTimers()
})

/** Lets so many looks at the queue pass. */
const pass = (looks = 1) => vi.advanceTimersByTimeAsync(looks * lookMs)

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
    await pass(0)
    expect(readQueue).toHaveBeenCalledTimes(1)
    state.backlog = 0
    await pass(5)
    expect(readQueue.mock.calls.length).toBeGreaterThan(4)
    expect(start).not.toHaveBeenCalled()
    state.backlog = 1
    await pass(2)
    expect(start).toHaveBeenCalledTimes(1)
  })

  it('does not take its own worker, that has left, for one elsewhere', async () => {
    const state = { backlog: 1, pollers: [] as ReturnType<typeof poller>[] }
    const worker = fakeWorker(42)
    const left = [worker, fakeWorker(43)]
    const { start, readQueue } = supervise(state, async () => left.shift()!.child)
    await pass(0)
    expect(start).toHaveBeenCalledTimes(1)
    state.pollers = [poller(`42@${hostname()}`)]
    readQueue.mockClear()
    worker.end('exited with code 0')
    await pass()
    expect(start).toHaveBeenCalledTimes(2)
    expect(readQueue).toHaveBeenCalledTimes(1)
  })

  it('starts a worker that has died again though nothing waits, and one that has left only for work', async () => {
    const state = { backlog: 1, pollers: [] }
    const workers = [fakeWorker(1), fakeWorker(2)]
    const left = [...workers]
    const { start, lines } = supervise(state, async () => left.shift()!.child)
    await pass(0)
    expect(start).toHaveBeenCalledTimes(1)
    state.backlog = 0
    workers[0]!.end('ended by SIGKILL')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(start).toHaveBeenCalledTimes(2)
    expect(lines).toContain('Restarting the gpu worker')
    workers[1]!.end('exited with code 0')
    await pass(100)
    expect(start).toHaveBeenCalledTimes(2)
  })

  it('waits longer each time that a worker does not start, and can be stopped while it waits', async () => {
    const times: number[] = []
    const { lines } = supervise({ backlog: 1, pollers: [] }, async () => {
      times.push(Date.now())
      throw new Error('no device')
    })
    await vi.advanceTimersByTimeAsync(1_000 + 2_000 + 4_000)
    expect(times.map((time) => time - times[0]!)).toEqual([0, 1_000, 3_000, 7_000])
    expect(lines.filter((line) => line === 'no device')).toHaveLength(4)
    // No time passes any more.
    await supervisor.stop()
  })

  it('outlives a server that does not answer', async () => {
    const state = { backlog: 1, pollers: [], error: new Error('14 UNAVAILABLE') as Error | undefined }
    const { start, lines } = supervise(state, async () => fakeWorker(1).child)
    await pass(0)
    expect(lines).toContain('14 UNAVAILABLE')
    expect(start).not.toHaveBeenCalled()
    state.error = undefined
    await vi.advanceTimersByTimeAsync(1_000)
    expect(start).toHaveBeenCalledTimes(1)
  })
})
