import type { DiffusionSettings } from '../../contracts/diffusion-settings.ts'
import { schedulerFor } from '../../inference/numeric/schedulers/index.ts'
import { SchedulerError } from '../../inference/numeric/schedulers/scheduler.ts'
import { fieldProblem } from '../parse-body.ts'
import type { BundleInfo } from './bundle-info.ts'

const blame = <T>(field: keyof DiffusionSettings, attempt: () => T): T => {
  try {
    return attempt()
  } catch (error) {
    if (error instanceof SchedulerError) throw fieldProblem(['body', 'input', field], error.message, error.type)
    throw error
  }
}

/** Checks settings with the same schedulers that workers use. Throws a 422 problem. */
export const checkSettings = (settings: DiffusionSettings, { scheduler, timestepSpacing }: BundleInfo): void => {
  if (!scheduler) return
  const solver = blame('scheduler', () => schedulerFor({ scheduler, timestepSpacing }, settings.scheduler))
  blame('num_steps', () => solver.setTimesteps(settings.num_steps))
}
