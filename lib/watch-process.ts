import type { ChildProcess } from 'node:child_process'

export interface WatchedProcess {
  /** Resolves with the reason when the process ends, wanted or not. */
  readonly ended: Promise<string>
  isGone(): boolean
  /** SIGTERM, SIGKILL where that does not help in time; resolves when the process is gone. */
  stop(): Promise<void>
}

/** Keeps an eye on a process that has just been spawned. */
export const watchProcess = (child: ChildProcess, stopTimeoutMs: number): WatchedProcess => {
  let gone = false
  // Not `once` of node:events: that rejects where the process could not be spawned, which is the caller's to notice.
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      gone = true
      resolve(signal ? `ended by ${signal}` : `exited with code ${code}`)
    })
  })
  return {
    ended,
    isGone: () => gone,
    stop: async () => {
      if (gone) return
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
      await ended
      clearTimeout(timer)
    },
  }
}
