import { proxyActivities, workflowInfo } from '@temporalio/workflow'
import type { createSweep } from '../activities/sweep.ts'
import { queues } from '../contracts/queues.ts'
import type { SweepInput, SweepResult } from '../contracts/sweep.ts'

const { sweepExpired: sweepPredictions, sweepOrphans } = proxyActivities<ReturnType<typeof createSweep>>({
  taskQueue: queues.cpu,
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute', maximumAttempts: 10 },
})

/**
 * Started by a schedule: destroys what ended predictions have left and whose retention is over, and what belongs to no
 * prediction. The predictions stay readable, without input and output. Each run goes on where the last one ended.
 */
export async function sweepExpired(input: SweepInput): Promise<SweepResult> {
  const last = workflowInfo().lastResult as SweepResult | undefined
  const until = Date.now()
  const predictions = await sweepPredictions.executeWithOptions({ summary: 'expired predictions' }, [
    { after: last?.until ?? 0, until },
  ])
  const orphansDue = until - (last?.orphansAt ?? 0) >= input.orphansEveryMs
  const orphans = orphansDue
    ? await sweepOrphans.executeWithOptions({ summary: 'artifacts without a prediction' }, [input])
    : { swept: 0 }
  return {
    until,
    orphansAt: orphansDue ? until : (last?.orphansAt ?? 0),
    predictions: predictions.swept,
    orphans: orphans.swept,
  }
}
