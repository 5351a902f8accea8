import { hostname } from 'node:os'
import { sleep } from '../../lib/sleep.ts'
import { isLive, type QueueState } from '../../temporal/queue-state.ts'
import type { Child } from './child.ts'

export interface SupervisorOptions {
  name: string
  readQueue(): Promise<QueueState>
  /** Starts a worker that leaves by itself, with code 0, when it has been idle. Resolves when it is ready. */
  startWorker(): Promise<Child>
  /** Told of the worker that runs now; undefined at zero. */
  onWorker?(worker: Child | undefined): void
  log(line: string): void
  lookMs?: number
}

export interface Supervisor {
  /** Stops the worker, where there is one, and starts no more. */
  stop(): Promise<void>
}

const cleanExit = 'exited with code 0'
const minDelayMs = 1_000
const maxDelayMs = 15_000
/** A worker that has lived this long did not fail because of how it was started. */
const soundMs = 60_000

/**
 * Runs one worker while there is work for it, and none otherwise. Tasks that wait start it; it leaves by itself. One that
 * ends in any other way may have left work behind that the server does not count yet, and is started again.
 */
export const superviseWorker = (options: SupervisorOptions): Supervisor => {
  const { name, readQueue, startWorker, onWorker, log, lookMs = 500 } = options
  const stopping = new AbortController()
  const own = new Set<string>()
  let worker: Child | undefined
  let failures = 0

  const pause = (ms: number) => sleep(ms, stopping.signal)

  /** How many tasks wait. Workers elsewhere that may be about to take them are given the time of another look. */
  const countWaiting = async (): Promise<number> => {
    const { backlog, pollers } = await readQueue()
    const others = pollers.some((poller) => !own.has(poller.identity) && isLive(poller))
    if (backlog === 0 || !others) return backlog
    await pause(lookMs)
    return (await readQueue()).backlog
  }

  /** Starts the worker and follows it to its end; whether it left because it was idle. */
  const runWorker = async (): Promise<boolean> => {
    const startedAt = Date.now()
    worker = await startWorker()
    own.add(`${worker.pid}@${hostname()}`)
    onWorker?.(worker)
    log(`The ${name} worker is ready after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`)
    // Asked to stop while it came up.
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
        if (!again && tasks > 0) log(`${tasks} waiting for the ${name} worker: starting it`)
        if (again) log(`Starting the ${name} worker again`)
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
