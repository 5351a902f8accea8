import { isCancellation, log, proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow'
import type { createSweep } from '../activities/sweep.ts'
import { queues } from '../contracts/queues.ts'
import { openFor } from '../contracts/sealed-value.ts'
import type { SweepInput, SweepResult } from '../contracts/sweep.ts'

type Sweep = ReturnType<typeof createSweep>

const { sweepExpired: sweepPredictions } = proxyActivities<Pick<Sweep, 'sweepExpired'>>({
  taskQueue: queues.cpu,
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute', maximumAttempts: 10 },
})

const { sweepOrphans } = proxyActivities<Pick<Sweep, 'sweepOrphans'>>({
  taskQueue: queues.cpu,
  // It lists everything that is stored.
  startToCloseTimeout: '6 hours',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute', maximumAttempts: 10 },
})

/**
 * Started by a schedule: destroys what ended predictions have left and whose retention is over, and what belongs to no
 * prediction. The predictions stay readable, without input and output. Each run goes on where the last one ended.
 */
export async function sweepExpired(input: SweepInput): Promise<SweepResult> {
  const last = lastResult()
  const until = Date.now()
  const predictions = await sweepPredictions.executeWithOptions({ summary: 'expired predictions' }, [
    { after: last?.until ?? 0, until },
  ])
  const orphansDue = until - (last?.orphansAt ?? 0) >= input.orphansEveryMs
  const orphans = orphansDue ? await lookForOrphans(until) : undefined
  return {
    until,
    orphansAt: orphans ? until : (last?.orphansAt ?? 0),
    predictions: predictions.swept,
    orphans: orphans?.swept ?? 0,
  }
}

/** What the run before said. Results of earlier releases were sealed for no purpose. */
const lastResult = (): SweepResult | undefined => {
  const { lastResult: sealed } = workflowInfo()
  if (sealed === undefined) return undefined
  try {
    return openFor<SweepResult>('result of sweepExpired', sealed, { acceptBare: true }).value
  } catch (error) {
    log.warn('Cannot use the result of the last sweep: sweeping everything', { error })
    return undefined
  }
}

/** Undefined where it failed: the next run tries again, and what has expired is not swept from the start for that. */
const lookForOrphans = async (now: number): Promise<{ swept: number } | undefined> => {
  try {
    return await sweepOrphans.executeWithOptions({ summary: 'artifacts without a prediction' }, [{ now }])
  } catch (error) {
    if (isCancellation(error)) throw error
    log.warn('Artifacts without a prediction were not swept', { error })
    setCurrentDetails('**Not swept** · artifacts without a prediction: the next run tries again')
    return undefined
  }
}
