import { signal } from '../vendor/signals.js'

/** What a screen reader says next. */
export const announcement = signal('')

/** @type {(text: string) => void} */
export const announce = (text) => {
  announcement.value = text
}
