import { computed, signal } from '../vendor/signals.js'
import { getSetup } from './setup.js'

/** @import { Value } from '../types.ts' */

/** What the person has set; what is not here is the model's default. */
export const chosen = signal(/** @type {Record<string, Value>} */ ({}))

export const settings = computed(
  () =>
    /** @type {Record<string, Value>} */ ({
      num_images: 4,
      ...getSetup().defaults,
      min_similarity: 0,
      seed: '',
      ...chosen.value,
    }),
)

/** @type {(name: string, value: Value) => void} */
export const set = (name, value) => {
  chosen.value = { ...chosen.value, [name]: value }
}

export const reset = () => {
  chosen.value = {}
}

/** The input that they make, without a photo. */
export const settingsInput = () => {
  const { min_similarity, seed, ...rest } = settings.value
  return { ...rest, ...(Number(min_similarity) > 0 && { min_similarity }), ...(seed !== '' && { seed: Number(seed) }) }
}
