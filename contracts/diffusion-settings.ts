import { z } from 'zod'
import { limits } from './limits.ts'
import { schedulerNames } from './schedulers.ts'

/** PyTorch's random number generators that a seed can refer to. */
export const generatorNames = ['cuda', 'cpu'] as const
export type GeneratorName = (typeof generatorNames)[number]

/**
 * Everything that a diffusion depends on, except the person, the seeds and the bundle. These fields of the input of
 * `idem/arc2face` are passed as one object, under these names, from the request to the solver.
 *
 * To add a setting: add it here, with a default that makes the same images as before; if the bundle has the default,
 * make the field optional and name it in `diffusionDefaultsSchema`; then use it in `inference/diffusion/denoise.ts`.
 */
export const diffusionSettingsSchema = z.object({
  num_steps: z
    .int()
    .min(1)
    .max(limits.steps)
    .optional()
    .describe("Denoising steps; the model bundle's default (25) if omitted."),
  guidance_scale: z
    .number()
    .min(0)
    .max(limits.guidanceScale)
    .optional()
    .describe("Classifier-free guidance; the model bundle's default (3.0) if omitted."),
  scheduler: z.enum(schedulerNames).optional().describe("The model bundle's default (dpmpp_2m) if omitted."),
  generator: z.enum(generatorNames).default('cuda').describe('PyTorch generator used for seeds.'),
})

/** The settings whose defaults come from the bundle. */
export const diffusionDefaultsSchema = diffusionSettingsSchema
  .pick({ num_steps: true, guidance_scale: true, scheduler: true })
  .required()
export type DiffusionDefaults = z.infer<typeof diffusionDefaultsSchema>

/** All settings, with defaults filled in. */
export type DiffusionSettings = Readonly<z.infer<typeof diffusionSettingsSchema> & DiffusionDefaults>

/**
 * The settings of a request: its own fields, then the bundle's defaults, then the schema's. Ignores other fields.
 *
 * @example
 * diffusionSettings({ num_steps: 10 }, bundle.defaults) // { num_steps: 10, guidance_scale: 3, scheduler: 'dpmpp_2m', generator: 'cuda' }
 */
export const diffusionSettings = (input: object, defaults: DiffusionDefaults): DiffusionSettings => ({
  ...defaults,
  ...diffusionSettingsSchema.parse(input),
})

/** Defaults of the settings that have one in the schema. */
const schemaDefaults = diffusionSettingsSchema.parse({})

/**
 * Fills in the defaults of omitted settings: for settings that were stored before one was added, or by code that does
 * not use it.
 *
 * @example completeSettings({ num_steps: 10, guidance_scale: 3, scheduler: 'ddim' }).generator // 'cuda'
 */
export const completeSettings = (settings: DiffusionDefaults & Partial<DiffusionSettings>): DiffusionSettings => ({
  ...schemaDefaults,
  ...settings,
})

/**
 * Settings without those that have the schema's default, sorted by name. The result is equal for two runs that make the
 * same images, even if a setting was added between them.
 */
export const distinctSettings = (settings: object): Record<string, unknown> => {
  const defaults: Record<string, unknown> = schemaDefaults
  const entries = Object.entries(settings).filter(([name, value]) => value !== undefined && value !== defaults[name])
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
