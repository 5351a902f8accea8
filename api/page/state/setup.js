import { request } from '../helpers/api.js'
import { signal } from '../vendor/signals.js'

/**
 * What the server sends the page: the names of the settings of a diffusion, the bundle's defaults of them, the sample
 * photos, and schedulers by name. Until then the usual defaults.
 */
export const setup = signal({
  settings: [],
  defaults: { num_steps: 25, guidance_scale: 3, scheduler: 'dpmpp_2m' },
  samples: [],
  schedulers: {},
})

export const loadSetup = async () => {
  setup.value = await request('page/setup.json')
}
