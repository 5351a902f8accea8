import type { SchedulerConfig } from './config.ts'
import { createDdim } from './ddim.ts'
import { createDpmpp2m } from './dpmpp-2m.ts'
import { createEuler } from './euler.ts'
import { createEulerAncestral } from './euler-ancestral.ts'
import { createLcm } from './lcm.ts'
import type { Scheduler } from './scheduler.ts'

const creators = {
  dpmpp_2m: createDpmpp2m,
  dpmpp_2m_karras: (config: SchedulerConfig) => createDpmpp2m(config, { karras: true }),
  ddim: createDdim,
  lcm: createLcm,
  euler: createEuler,
  euler_ancestral: createEulerAncestral,
} satisfies Record<string, (config: SchedulerConfig) => Scheduler>

export type SchedulerName = keyof typeof creators
export const schedulerNames = Object.keys(creators) as SchedulerName[]

/** The solver of that name for a diffusers scheduler_config.json. Throws `SchedulerError` on options it lacks. */
export const createScheduler = (name: SchedulerName, config: SchedulerConfig): Scheduler => creators[name](config)
