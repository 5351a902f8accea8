import { labelOf } from '../helpers/fields.js'
import { shortId } from '../helpers/format.js'

/** Those that say nothing to a person where they stand at their defaults. */
const usual = { min_face_size: 0, randomize_seed: false, generator: 'cuda', face_selection: 'largest' }

const show = (name, value) => {
  if (name === 'input_image')
    return /^https?:/.test(value) ? `upload ${shortId(value.split('/').at(-1))}` : `${value}`.slice(0, 40)
  if (name === 'input_images') return `${value.length}`
  if (name === 'identity_of' || name === 'replay_of') return shortId(value)
  return `${value}`
}

/** `[name, label, text]` of a run's parameters. */
export const parametersOf = ({ input }) =>
  Object.entries(input)
    .filter(
      ([name, value]) => usual[name] !== value && !(name === 'max_attempts' && input.min_similarity === undefined),
    )
    .map(([name, value]) => [name, labelOf(name), show(name, value)])
