import type { Info } from '@temporalio/activity'
import { MockActivityEnvironment } from '@temporalio/testing'
import type { CancelReason } from '@temporalio/worker/lib/activity.js'
import { translateFailures } from '../../activities/shared/failure.ts'

type Activity<I, O> = (input: I) => Promise<O>

const quiet = () => undefined
const logger = { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet, log: quiet }

/** Starts one attempt of an activity as a worker does, with what it throws as workflows see it. */
export const startActivity = <I, O>(activity: Activity<I, O>, input: I, info: Partial<Info> = {}) => {
  const environment = new MockActivityEnvironment(info, { logger: logger as never })
  const heartbeats: unknown[] = []
  environment.on('heartbeat', (details) => heartbeats.push(details))
  const { run } = translateFailures({ run: activity as Activity<never, O> })
  const result = environment.run(run as never, input as never) as Promise<O>
  return {
    result,
    /** Details of all so far. */
    heartbeats,
    cancel: (reason?: CancelReason) => environment.cancel(reason),
  }
}

/** Runs one attempt of an activity to its end. */
export const runActivity = <I, O>(activity: Activity<I, O>, input: I): Promise<O> =>
  startActivity(activity, input).result
