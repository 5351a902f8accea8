import { hostname } from 'node:os'
import { count } from '../../lib/count.ts'
import { sleep } from '../../lib/sleep.ts'
import { isLive, type QueueState } from '../../temporal/queue-state.ts'
import type { Child } from './child.ts'

export interface SupervisorOptions {
  name: string
  readQueue(): Promise<QueueState>
  /** Starts a worker that exits with code 0 after it has been idle. Resolves when it is ready. */
  startWorker(): Promise<Child>
  /** Called with the running worker, or undefined when it has ended. */
  onWorker?(worker: Child | undefined): void
  log(line: string): void
  lookMs?: number
}

export interface Supervisor {
  /** Stops the worker if one is running, and starts no other. */
  stop(): Promise<void>
}

const cleanExit = 'exited with code 0'
const minDelayMs = 1_000
const maxDelayMs = 15_000
/** A worker that has run for this long started correctly. */
const soundMs = 60_000

/**
 * Runs one worker while there is work, and none otherwise. It is started when tasks are queued, and exits by itself
 * when idle. If it ends in another way it is restarted, as it may have left tasks that the server does not count yet.
 */
export const superviseWorker = (options: SupervisorOptions): Supervisor => {
  const { name, readQueue, startWorker, onWorker, log, lookMs = 500 } = options
  const stopping = new AbortController()
  const own = new Set<string>()
  let worker: Child | undefined
  let failures = 0

  const pause = (ms: number) => sleep(ms, stopping.signal)

  /**
   * Counts the queued tasks. If other workers poll the queue, it waits and counts again, as they may take the tasks.
   */
  const countWaiting = async (): Promise<number> => {
    const { backlog, pollers } = await readQueue()
    const others = pollers.some((poller) => !own.has(poller.identity) && isLive(poller))
    if (backlog === 0 || !others) return backlog
    await pause(lookMs)
    return (await readQueue()).backlog
  }

  /** Runs the worker until it ends. Returns whether it exited because it was idle. */
  const runWorker = async (): Promise<boolean> => {
    const startedAt = Date.now()
    worker = await startWorker()
    own.add(`${worker.pid}@${hostname()}`)
    onWorker?.(worker)
    log(`The ${name} worker is ready after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`)
    // Stopped while the worker was starting.
    if (stopping.signal.aborted) void worker.stop()
    const how = await worker.ended
    worker = undefined
    onWorker?.(undefined)
    if (Date.now() - startedAt > soundMs) failures = 0
    log(`The ${name} worker ${how}`)
    return how === cleanExit
  }

  const supervise = async (): Promise<void> => {
    let again = false
    while (!stopping.signal.aborted) {
      try {
        const tasks: number = again ? 0 : await countWaiting()
        if (!again && tasks > 0) log(`${count(tasks, 'task')} waiting for the ${name} worker: starting it`)
        if (again) log(`Restarting the ${name} worker`)
        const sound: boolean = again || tasks > 0 ? await runWorker() : true
        again = !sound
        failures = sound ? 0 : failures + 1
      } catch (error) {
        log((error as Error).message)
        again = false
        failures++
      }
      await pause(failures === 0 ? lookMs : Math.min(minDelayMs * 2 ** (failures - 1), maxDelayMs))
    }
  }

  const done = supervise()
  return {
    stop: async () => {
      stopping.abort()
      await worker?.stop()
      await done
    },
  }
}
