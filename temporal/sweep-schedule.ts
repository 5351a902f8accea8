import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client'
import { queues } from '../contracts/queues.ts'
import type { SweepInput } from '../contracts/sweep.ts'

const scheduleId = 'idem-sweep'
const hourMs = 3_600_000

/** A tenth of the retention, from five seconds to a quarter of an hour. */
const sweepEvery = (retentionMs: number): number => Math.min(Math.max(retentionMs / 10, 5_000), hourMs / 4)

/** Makes the schedule that sweeps what has expired, or brings the one that is there up to date. */
export const ensureSweepSchedule = async (client: Client, retentionMs: number): Promise<void> => {
  const everyMs = sweepEvery(retentionMs)
  const args: [SweepInput] = [{ retentionMs, orphansEveryMs: Math.min(hourMs, retentionMs) }]
  const spec = { intervals: [{ every: everyMs }] }
  const action = {
    type: 'startWorkflow' as const,
    workflowType: 'sweepExpired',
    workflowId: scheduleId,
    taskQueue: queues.control,
    args,
  }
  try {
    await client.schedule.create({
      scheduleId,
      spec,
      action,
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
    })
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error
    await client.schedule.getHandle(scheduleId).update((schedule) => ({ ...schedule, spec, action }))
  }
}
