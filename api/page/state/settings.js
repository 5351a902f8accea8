import { computed, signal } from '../vendor/signals.js'
import { setup } from './setup.js'

/** What the person has set; what is not here is the model's default. */
export const chosen = signal({})

export const settings = computed(() => ({
  num_images: 4,
  ...setup.value.defaults,
  min_similarity: 0,
  seed: '',
  ...chosen.value,
}))

export const set = (name, value) => {
  chosen.value = { ...chosen.value, [name]: value }
}

export const reset = () => {
  chosen.value = {}
}

/** The input that they make, without a photo. */
export const settingsInput = () => {
  const { min_similarity, seed, ...rest } = settings.value
  return { ...rest, ...(min_similarity > 0 && { min_similarity }), ...(seed !== '' && { seed: Number(seed) }) }
}
