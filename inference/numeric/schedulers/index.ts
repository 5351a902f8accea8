import type { DiffusionSpec } from '../../../contracts/bundle-manifest.ts'
import type { SchedulerName } from '../../../contracts/schedulers.ts'
import { createDdim } from './ddim.ts'
import { createDpmpp2m } from './dpmpp-2m.ts'
import { createEuler } from './euler.ts'
import { createEulerAncestral } from './euler-ancestral.ts'
import { createLcm } from './lcm.ts'
import { type Scheduler, SchedulerError } from './scheduler.ts'
import { type SchedulerConfig, type SchedulerSpec, schedulerConfigOf } from './scheduler-config.ts'

export type CreateScheduler = (config: SchedulerConfig) => Scheduler
export type SchedulerCreators<Name extends string = string> = Readonly<Record<Name, CreateScheduler>>

/** The solver of every scheduler that a request may name. */
export const schedulerCreators = {
  dpmpp_2m: createDpmpp2m,
  dpmpp_2m_karras: (config) => createDpmpp2m(config, { karras: true }),
  ddim: createDdim,
  lcm: createLcm,
  euler: createEuler,
  euler_ancestral: createEulerAncestral,
} satisfies SchedulerCreators<SchedulerName>

/**
 * The scheduler called `name`, set up from a diffusers scheduler_config.json. Throws `SchedulerError` if there is none
 * of that name, or if it does not support an option of the configuration.
 *
 * @example
 * const schedule = createScheduler('ddim', bundle.manifest.diffusion.scheduler).setTimesteps(25)
 */
export const createScheduler = (
  name: string,
  config: SchedulerConfig,
  creators: SchedulerCreators = schedulerCreators,
): Scheduler => {
  const create = Object.hasOwn(creators, name) ? creators[name] : undefined
  if (!create) throw new SchedulerError(`Unknown scheduler ${name}; use one of ${Object.keys(creators).join(', ')}`)
  return create(config)
}

/** The scheduler called `name` for a bundle. Throws `SchedulerError` like `createScheduler`. */
export const schedulerFor = (spec: SchedulerSpec, name: string, creators?: SchedulerCreators): Scheduler =>
  createScheduler(name, schedulerConfigOf(spec), creators)

/** Throws `SchedulerError` unless the scheduler that is a bundle's default can do its default number of steps. */
export const requireUsableDefaults = ({ defaults, ...spec }: SchedulerSpec & Pick<DiffusionSpec, 'defaults'>): void => {
  schedulerFor(spec, defaults.scheduler).setTimesteps(defaults.num_steps)
}
