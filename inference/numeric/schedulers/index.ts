import type { SchedulerConfig } from './config.ts'
import { createDpmpp2m } from './dpmpp-2m.ts'
import type { Scheduler } from './scheduler.ts'

const creators = {
  dpmpp_2m: createDpmpp2m,
  dpmpp_2m_karras: (config: SchedulerConfig) => createDpmpp2m(config, { karras: true }),
} satisfies Record<string, (config: SchedulerConfig) => Scheduler>

export type SchedulerName = keyof typeof creators
export const schedulerNames = Object.keys(creators) as SchedulerName[]

/** The solver of that name for a diffusers scheduler_config.json. Throws `SchedulerError` on options it lacks. */
export const createScheduler = (name: SchedulerName, config: SchedulerConfig): Scheduler => creators[name](config)
