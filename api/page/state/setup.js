import { request } from '../helpers/api.js'
import { signal } from '../vendor/signals.js'

/** What the server sends the page: the bundle's defaults, the sample photos, and schedulers by name. */
export const setup = signal({ defaults: {}, samples: [], schedulers: {} })

export const loadSetup = async () => {
  setup.value = await request('page/setup.json')
}
