import { computed, signal } from '../vendor/signals.js'

const hash = signal(location.hash)
addEventListener('hashchange', () => {
  hash.value = location.hash
})

/** What is shown: `#/`, `#/run/ID`, `#/history`, `#/compare/ID/ID`. */
export const route = computed(() => {
  const [view = '', ...ids] = hash.value.replace(/^#\/?/, '').split('/')
  return { view: view || 'new', ids }
})

/** @type {(path: string) => void} */
export const go = (path) => {
  location.hash = path
}
