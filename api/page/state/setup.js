import { request } from '../helpers/api.js'
import { signal } from '../vendor/signals.js'

/** @import { Setup } from '../types.ts' */

/** The lists and bounds of the API, so that the page has no copy of them; undefined until they are read. */
export const setup = signal(/** @type {Setup | undefined} */ (undefined))

/** The same for what is only shown once they are read. */
export const getSetup = () => {
  if (setup.value) return setup.value
  throw new Error('The setup of the page has not been read')
}

export const loadSetup = async () => {
  setup.value = await request('page/setup.json')
}
