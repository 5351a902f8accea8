import { sleep } from '../../lib/sleep.ts'

export interface RunningProcess {
  readonly pid: number
  /** Resolves with the reason when the process ends, whether it was stopped or not. */
  readonly ended: Promise<string>
  stop(): Promise<void>
}

export interface KeepRunningOptions<P extends RunningProcess> {
  /** Subject of log lines, for example `The API`. */
  name: string
  /** Starts the process; resolves when it is ready. */
  start(): Promise<P>
  /** Called with every process that has started. */
  onStart?: (process: P) => void | Promise<void>
  log(line: string): void
  delayMs?: { first: number; most: number }
}

/** A process that has run for this long started correctly. */
const soundMs = 60_000

/**
 * Starts a process and starts it again whenever it ends, for ever, with growing pauses. Resolves when the first one is
 * ready; throws if that one fails.
 *
 * @example
 * const api = await keepRunning({ name: 'The API', start: startApi, log: console.error })
 * await api.stop()
 */
export const keepRunning = async <P extends RunningProcess>({
  name,
  start,
  onStart,
  log,
  delayMs = { first: 1_000, most: 30_000 },
}: KeepRunningOptions<P>) => {
  const stopping = new AbortController()
  let failures = 0
  let current = await start()
  await onStart?.(current)

  const pauseMs = () => Math.min(delayMs.most, delayMs.first * 2 ** Math.min(failures, 10))

  /** Undefined after `stop` was called. */
  const startAgain = async (): Promise<P | undefined> => {
    while (true) {
      await sleep(pauseMs(), stopping.signal)
      if (stopping.signal.aborted) return undefined
      failures++
      try {
        return await start()
      } catch (error) {
        log(`${(error as Error).message}; retrying in ${Math.round(pauseMs() / 1000)} s`)
      }
    }
  }

  const watch = async (): Promise<void> => {
    while (true) {
      const startedAt = performance.now()
      const how = await current.ended
      if (stopping.signal.aborted) return
      if (performance.now() - startedAt > soundMs) failures = 0
      log(`${name} ${how}; restarting it in ${Math.round(pauseMs() / 1000)} s`)
      const next = await startAgain()
      if (!next) return
      current = next
      // Stopped while it was starting.
      if (stopping.signal.aborted) return current.stop()
      await onStart?.(current)
      log(`${name} has restarted`)
    }
  }
  const watched = watch()

  return {
    /** The process that was started most recently. */
    current: (): P => current,
    /** Stops the process, and does not restart it. */
    stop: async (): Promise<void> => {
      stopping.abort()
      await current.stop()
      await watched
    },
  }
}

export type KeptRunning<P extends RunningProcess> = Awaited<ReturnType<typeof keepRunning<P>>>
