import { z } from 'zod'
import { limits } from './limits.ts'
import { schedulerNames } from './schedulers.ts'

/** PyTorch's generators, whose random numbers a seed can mean. */
export const generatorNames = ['cuda', 'cpu'] as const
export type GeneratorName = (typeof generatorNames)[number]

/**
 * What a diffusion depends on besides the person, the seeds and the bundle: fields of the input of `idem/arc2face` that
 * are passed as one object, under these names, from the request to the solver.
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

/** The settings whose default a bundle decides. */
export const diffusionDefaultsSchema = diffusionSettingsSchema
  .pick({ num_steps: true, guidance_scale: true, scheduler: true })
  .required()
export type DiffusionDefaults = z.infer<typeof diffusionDefaultsSchema>

/** Every setting, decided. */
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

/** The values that the schema gives to settings that neither a request nor a bundle names. */
const schemaDefaults = diffusionSettingsSchema.parse({})

/**
 * Settings completed with the defaults of those that are omitted: stored before a setting was added, or written by code that
 * does not care about it.
 *
 * @example completeSettings({ num_steps: 10, guidance_scale: 3, scheduler: 'ddim' }).generator // 'cuda'
 */
export const completeSettings = (settings: DiffusionDefaults & Partial<DiffusionSettings>): DiffusionSettings => ({
  ...schemaDefaults,
  ...settings,
})

/**
 * Settings without those that have the schema's default, sorted by name: equal for two runs that make the same images, also
 * if one of them is from before a setting was added.
 */
export const distinctSettings = (settings: object): Record<string, unknown> => {
  const defaults: Record<string, unknown> = schemaDefaults
  const entries = Object.entries(settings).filter(([name, value]) => value !== undefined && value !== defaults[name])
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
