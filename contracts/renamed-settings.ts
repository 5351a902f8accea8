import type { DiffusionSettings } from './diffusion-settings.ts'

// No zod here: workflows import this file.

/** Settings by the names that they had at first, in bundles, checkpoints and inputs of workflows and steps. */
const renamed: Readonly<Record<string, keyof DiffusionSettings>> = {
  steps: 'num_steps',
  numSteps: 'num_steps',
  guidanceScale: 'guidance_scale',
  scheduler: 'scheduler',
  generator: 'generator',
}

export interface HasSettings {
  readonly settings: DiffusionSettings
}

export const renameSettings = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [renamed[name] ?? name, value]))

/**
 * An input as it is now. Predictions that started before settings were one object keep theirs beside the other fields,
 * under other names: in workflows that still run, in their scheduled steps, and in records of those that have ended.
 */
export const withSettings = <T extends HasSettings>(input: T): T => {
  if (input.settings) return input
  const entries = Object.entries(input)
  const settings = renameSettings(Object.fromEntries(entries.filter(([name]) => name in renamed)))
  return { ...Object.fromEntries(entries.filter(([name]) => !(name in renamed))), settings } as T
}
