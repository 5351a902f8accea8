import { erase } from '../helpers/api.js'
import { signal } from '../vendor/signals.js'
import { announce } from './announcer.js'
import { go } from './route.js'

/** @import { ErasureState } from '../types.ts' */

/** The last deletion. */
export const erasure = signal(/** @type {ErasureState | undefined} */ (undefined))

/**
 * Erases a run, and leaves it. It goes on by itself on the server.
 *
 * @type {(id: string) => Promise<void>}
 */
export const eraseRun = async (id) => {
  erasure.value = { id, state: 'erasing' }
  announce('Deleting')
  go('/')
  try {
    const receipt = await erase(id)
    // Another one may have been deleted meanwhile.
    if (erasure.value?.id === id) erasure.value = { id, state: 'erased', receipt }
    announce('Deleted')
  } catch (error) {
    const { message } = /** @type {Error} */ (error)
    if (erasure.value?.id === id) erasure.value = { id, state: 'failed', problem: message }
    announce(message)
  }
}
