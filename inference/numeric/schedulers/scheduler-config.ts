import type { DiffusionSpec } from '../../../contracts/bundle-manifest.ts'
import { SchedulerError } from './scheduler.ts'

/** scheduler_config.json as diffusers writes it, parsed JSON. */
export type SchedulerConfig = Readonly<Record<string, unknown>>

/** What a bundle says of its scheduler. */
export type SchedulerSpec = Pick<DiffusionSpec, 'scheduler' | 'timestepSpacing'>

/** The scheduler file of a bundle, with what its manifest makes of it. */
export const schedulerConfigOf = ({ scheduler, timestepSpacing }: SchedulerSpec): SchedulerConfig =>
  timestepSpacing ? { ...scheduler, _class_name: undefined, timestep_spacing: timestepSpacing } : scheduler

export type BetaSchedule = 'linear' | 'scaled_linear' | 'squaredcos_cap_v2'
export type PredictionType = 'epsilon' | 'v_prediction'
export type TimestepSpacing = 'leading' | 'linspace' | 'trailing'

const read = <T>(config: SchedulerConfig, key: string, fallback: T, is: (value: unknown) => boolean): T => {
  const value = config[key] ?? fallback
  if (!is(value)) throw new SchedulerError(`The scheduler's ${key} is ${JSON.stringify(value)}, which is not supported`)
  return value as T
}

export const readFlag = (config: SchedulerConfig, key: string, fallback: boolean): boolean =>
  read(config, key, fallback, (value) => typeof value === 'boolean')

export const readNumber = (config: SchedulerConfig, key: string, fallback: number): number =>
  read(config, key, fallback, (value) => typeof value === 'number')

export const readChoice = <T extends string>(config: SchedulerConfig, key: string, all: readonly T[], fallback: T): T =>
  read(config, key, fallback, (value) => all.includes(value as T))

export const readPredictionType = (config: SchedulerConfig): PredictionType =>
  readChoice(config, 'prediction_type', ['epsilon', 'v_prediction'], 'epsilon')

/**
 * diffusers hands only what a configuration chose from one scheduler to another, never its class's defaults.
 * PNDM's default is `leading`, and `save_pretrained` writes defaults like choices, so a PNDM file's `leading` says
 * nothing about the other schedulers: Stable Diffusion 1.5's own file has no such entry. A file of another class, or
 * without `_class_name`, means what it says. `diffusers` itself, given such a file, takes its `leading`: a bundle that
 * wants that says so in its manifest.
 */
export const readTimestepSpacing = (config: SchedulerConfig, fallback: TimestepSpacing): TimestepSpacing => {
  const inherited = config._class_name === 'PNDMScheduler' && config.timestep_spacing === 'leading'
  if (inherited) return fallback
  return readChoice(config, 'timestep_spacing', ['leading', 'linspace', 'trailing'], fallback)
}

/** Refuses options that would change the numbers and that the solver lacks: `allowed` are the values that do nothing. */
export const refuseOptions = (config: SchedulerConfig, allowed: Readonly<Record<string, readonly unknown[]>>): void => {
  for (const [key, values] of Object.entries(allowed)) {
    const value = config[key] ?? values[0]
    if (!values.includes(value))
      throw new SchedulerError(`The scheduler's ${key} is ${JSON.stringify(value)}, which is not supported`)
  }
}
