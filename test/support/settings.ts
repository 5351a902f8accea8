import { completeSettings, type DiffusionSettings } from '../../contracts/diffusion-settings.ts'

/** The settings of a request that names none, with the demo bundle. */
export const settings: DiffusionSettings = completeSettings({
  num_steps: 25,
  guidance_scale: 3,
  scheduler: 'dpmpp_2m',
})
