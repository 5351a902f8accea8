import { sleep } from '../helpers/sleep.js'
import { signal } from '../vendor/signals.js'

/** `up`; `lost`: nothing answers; or a sentence of an API that answers, but cannot work now. */
export const connection = signal('up')

const firstDelayMs = 500
const maxDelayMs = 5_000

const answers = async () => {
  try {
    return (await fetch('healthz', { cache: 'no-store' })).ok
  } catch {
    return false
  }
}

/** @type {Promise<void> | undefined} */
let coming
const waitForAnswer = async () => {
  for (let delayMs = firstDelayMs; !(await answers()); delayMs = Math.min(delayMs * 2, maxDelayMs)) {
    connection.value = 'lost'
    await sleep(delayMs)
  }
  connection.value = 'up'
}

/**
 * Resolves when the API answers again; everyone waits for the same.
 *
 * @type {() => Promise<void>}
 */
export const untilBack = () => {
  coming ??= waitForAnswer().finally(() => {
    coming = undefined
  })
  return coming
}

/**
 * Waits as long as an API that is not well has asked for, and shows its sentence meanwhile.
 *
 * @type {(sentence: string, seconds: number) => Promise<void>}
 */
export const untilWell = async (sentence, seconds) => {
  connection.value = sentence
  await sleep(seconds * 1000)
}
