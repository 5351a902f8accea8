import { limits } from '../../contracts/limits.ts'
import { type SchedulerName, schedulerNames } from '../../contracts/schedulers.ts'
import type { JsonSchema } from '../json-schema.ts'
import type { BundleInfo } from './bundle-info.ts'
import { checkSettings } from './check-settings.ts'

/** The largest number of steps such that the scheduler supports it and every smaller one. */
const mostSteps = (scheduler: SchedulerName, bundle: BundleInfo): number => {
  for (let steps = 1; steps <= limits.steps; steps++) {
    try {
      checkSettings({ ...bundle.defaults, generator: 'cuda', scheduler, num_steps: steps }, bundle)
    } catch {
      return steps - 1
    }
  }
  return limits.steps
}

const isScheduler = (name: SchedulerName, { defaults }: BundleInfo) => ({
  properties: { scheduler: { const: name } },
  // If omitted, the bundle's default is used.
  ...(name !== defaults.scheduler && { required: ['scheduler'] }),
})

/** Adds the rules of `checkSettings` to an input's schema, so that inputs that match it are not refused. */
export const describeSettings = (schema: JsonSchema, bundle: BundleInfo): JsonSchema => {
  const rules = schedulerNames
    .map((name) => ({ name, maximum: mostSteps(name, bundle) }))
    .filter(({ maximum }) => maximum < limits.steps)
    .map(({ name, maximum }) => ({
      if: isScheduler(name, bundle),
      // biome-ignore lint/suspicious/noThenProperty: the word of JSON Schema.
      then: {
        properties: { num_steps: { maximum } },
        ...(maximum < bundle.defaults.num_steps && { required: ['num_steps'] }),
      },
    }))
  return rules.length > 0 ? { ...schema, allOf: rules } : schema
}
