import type { DiffusionSettings } from './diffusion-settings.ts'

// No zod here: workflows import this file.

/** Earlier names of settings in bundles, checkpoints and inputs of workflows and steps. */
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
 * Converts an input to the current format. Predictions that an earlier release started have no `settings` object: their
 * settings are among the other fields, under other names. This concerns running workflows, their scheduled steps and
 * the records of ended predictions.
 */
export const withSettings = <T extends HasSettings>(input: T): T => {
  if (input.settings) return input
  const entries = Object.entries(input)
  const settings = renameSettings(Object.fromEntries(entries.filter(([name]) => name in renamed)))
  return { ...Object.fromEntries(entries.filter(([name]) => !(name in renamed))), settings } as T
}
