import { request } from '../helpers/api.js'
import { signal } from '../vendor/signals.js'

/** What the server tells the page: the bundle's defaults, and its samples. */
export const setup = signal({ defaults: {}, samples: [] })

export const loadSetup = async () => {
  setup.value = await request('page/setup.json')
}
