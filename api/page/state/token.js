import { signal } from '../vendor/signals.js'

const key = 'idem-token'

/** Kept until the tab is closed. */
export const token = signal(sessionStorage.getItem(key) ?? '')

/** Why a token is asked for now, or undefined. */
export const tokenWanted = signal(/** @type {string | undefined} */ (undefined))

/** @type {Promise<void> | undefined} */
let asked
/** @type {(() => void) | undefined} */
let answer

/**
 * Resolves when the person has given a token; everyone waits for the same one.
 *
 * @type {(reason: string) => Promise<void>}
 */
export const askToken = (reason) => {
  tokenWanted.value = reason
  asked ??= new Promise((resolve) => {
    answer = resolve
  })
  return asked
}

/** @type {(text: string) => void} */
export const giveToken = (text) => {
  token.value = text
  sessionStorage.setItem(key, text)
  tokenWanted.value = undefined
  asked = undefined
  answer?.()
}

export const forgetToken = () => {
  token.value = ''
  sessionStorage.removeItem(key)
}
