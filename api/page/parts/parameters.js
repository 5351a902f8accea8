import { labelOf } from '../helpers/fields.js'
import { shortId } from '../helpers/format.js'

/** @import { Prediction } from '../types.ts' */

/**
 * Those that say nothing to a person where they stand at their defaults.
 *
 * @type {Record<string, unknown>}
 */
const usual = { min_face_size: 0, randomize_seed: false, generator: 'cuda', face_selection: 'largest' }

/** @type {(name: string, value: unknown) => string} */
const show = (name, value) => {
  const text = `${value}`
  if (name === 'input_image')
    return /^https?:/.test(text) ? `upload ${shortId(text.split('/').at(-1) ?? '')}` : text.slice(0, 40)
  if (name === 'input_images' && Array.isArray(value)) return `${value.length}`
  if (name === 'identity_of' || name === 'replay_of') return shortId(text)
  return text
}

/**
 * `[name, label, text]` of a run's parameters.
 *
 * @type {(prediction: Prediction) => [name: string, label: string, text: string][]}
 */
export const parametersOf = ({ input }) =>
  Object.entries(input)
    .filter(
      ([name, value]) => usual[name] !== value && !(name === 'max_attempts' && input.min_similarity === undefined),
    )
    .map(([name, value]) => [name, labelOf(name), show(name, value)])
