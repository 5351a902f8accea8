import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client'
import { queues } from '../contracts/queues.ts'
import { sealFor } from '../contracts/sealed-value.ts'
import type { SweepInput } from '../contracts/sweep.ts'
import { saysForged } from '../lib/crypto/encryption-error.ts'

const scheduleId = 'idem-sweep'
const hourMs = 3_600_000

/** A tenth of the retention, from five seconds to a quarter of an hour. */
const sweepEvery = (retentionMs: number): number => Math.min(Math.max(retentionMs / 10, 5_000), hourMs / 4)

/** Makes the schedule that sweeps what has expired, or brings the one that is there up to date. */
export const ensureSweepSchedule = async (client: Client, retentionMs: number): Promise<void> => {
  const everyMs = sweepEvery(retentionMs)
  const input: SweepInput = { orphansEveryMs: Math.min(hourMs, retentionMs) }
  const spec = { intervals: [{ every: everyMs }] }
  const action = {
    type: 'startWorkflow' as const,
    workflowType: 'sweepExpired',
    workflowId: scheduleId,
    taskQueue: queues.control,
    args: [sealFor('input of sweepExpired', undefined, input)],
  }
  const policies = { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' } as const
  const create = () => client.schedule.create({ scheduleId, spec, action, policies })
  const handle = client.schedule.getHandle(scheduleId)
  try {
    await create()
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error
    try {
      await handle.update((schedule) => ({ ...schedule, spec, action }))
    } catch (refused) {
      // An update reads what is there. What an earlier release or somebody else wrote is replaced.
      if (!saysForged(refused)) throw refused
      await handle.delete()
      await create()
    }
  }
}
