import { erase } from '../helpers/api.js'
import { signal } from '../vendor/signals.js'
import { announce } from './announcer.js'
import { go } from './route.js'

/** The last deletion: `{ id, state: 'erasing' | 'erased' | 'failed', receipt, problem }` */
export const erasure = signal()

/** Erases a run, and leaves it. It goes on by itself on the server. */
export const eraseRun = async (id) => {
  erasure.value = { id, state: 'erasing' }
  announce('Deleting')
  go('/')
  try {
    const receipt = await erase(id)
    // Another one may have been deleted meanwhile.
    if (erasure.value.id === id) erasure.value = { id, state: 'erased', receipt }
    announce('Deleted')
  } catch ({ message }) {
    if (erasure.value.id === id) erasure.value = { id, state: 'failed', problem: message }
    announce(message)
  }
}
