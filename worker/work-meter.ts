import type { ActivityInterceptorsFactory } from '@temporalio/worker'

export interface RunningTask {
  queue: string
  /** Type of the activity. */
  activity: string
  attempt: number
  startedAt: Date
  lastHeartbeatAt?: Date
}

export interface FinishedTasks {
  completed: number
  /** Also those that were cancelled or handed back. */
  failed: number
  /** When the last of them ended. */
  lastAt?: Date
}

/** Counts the activities of a process, to the last one: looking from time to time would miss the short ones. */
export interface WorkMeter {
  readonly interceptor: ActivityInterceptorsFactory
  running(): readonly RunningTask[]
  finished(): FinishedTasks
}

export const createWorkMeter = (): WorkMeter => {
  const running = new Set<RunningTask>()
  const finished: FinishedTasks = { completed: 0, failed: 0 }
  return {
    interceptor: (context) => ({
      inbound: {
        execute: async (input, next) => {
          const { taskQueue: queue, activityType: activity, attempt } = context.info
          const task: RunningTask = { queue, activity, attempt, startedAt: new Date() }
          const { heartbeat } = context
          // The SDK has no interceptor of heartbeats.
          Object.defineProperty(context, 'heartbeat', {
            configurable: true,
            value: (details?: unknown) => {
              task.lastHeartbeatAt = new Date()
              heartbeat(details)
            },
          })
          running.add(task)
          try {
            const result = await next(input)
            finished.completed++
            return result
          } catch (error) {
            finished.failed++
            throw error
          } finally {
            running.delete(task)
            finished.lastAt = new Date()
          }
        },
      },
    }),
    running: () => [...running],
    finished: () => ({ ...finished }),
  }
}
