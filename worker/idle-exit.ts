import type { WorkerStatus } from '@temporalio/worker'
import type { FinishedTasks } from './work-meter.ts'

export interface IdleWatchOptions {
  /** The workers of this process. */
  statuses(): readonly WorkerStatus[]
  finished(): FinishedTasks
  /** How long there must have been no work. */
  idleMs: number
  onIdle(): void
}

/** Workflow tasks take some milliseconds and nothing counts them, so they are looked for this often. */
const lookMs = 50

/**
 * Calls `onIdle` once, when no worker has had work for `idleMs`; the time starts now. A workflow that waits for a timer
 * or for another queue, and an activity that waits for its retry, are no work: another worker takes them up.
 */
export const watchIdle = ({ statuses, finished, idleMs, onIdle }: IdleWatchOptions): { stop(): void } => {
  let seen = ''
  let since = Date.now()
  const timer = setInterval(() => {
    const now = statuses()
    const busy = now.some((status) => status.numInFlightActivities > 0 || status.numInFlightWorkflowActivations > 0)
    const { completed, failed } = finished()
    const marks = [completed, failed, ...now.map((status) => status.numCachedWorkflows)].join()
    if (busy || marks !== seen) {
      seen = marks
      since = Date.now()
    } else if (Date.now() - since >= idleMs) {
      clearInterval(timer)
      onIdle()
    }
  }, lookMs)
  return { stop: () => clearInterval(timer) }
}
