/** @import { Field, Setup } from '../types.ts' */

/** @type {Record<string, string>} */
const labels = {
  num_images: 'Number of pictures',
  num_steps: 'Steps',
  guidance_scale: 'Guidance',
  min_similarity: 'Similarity threshold',
  input_image: 'Photo',
  input_images: 'Photos',
  embedding: 'Face vector',
  identity_of: 'Person of',
  replay_of: 'Made again from',
  face_selection: 'Face',
  min_face_size: 'Smallest face',
  seed: 'Seed',
  scheduler: 'Scheduler',
  generator: 'Random numbers of',
  max_attempts: 'Attempts at most',
}

/**
 * A parameter's name for people.
 *
 * @type {(name: string) => string}
 */
export const labelOf = (name) => labels[name] ?? name

/**
 * The parameters of a run with a range: what they are called, how far they go, and what they do.
 *
 * @type {(limits: Setup['limits']) => [images: Field, ...others: Field[]]}
 */
export const fieldsOf = (limits) => [
  {
    name: 'num_images',
    label: labelOf('num_images'),
    min: 1,
    max: limits.images,
    step: 1,
    help: 'Each picture has its own seed. More pictures take longer.',
  },
  {
    name: 'num_steps',
    label: labelOf('num_steps'),
    min: 1,
    max: limits.steps,
    step: 1,
    help: 'Number of denoising steps. 20 to 30 is enough; lcm needs 4 to 8.',
  },
  {
    name: 'guidance_scale',
    label: labelOf('guidance_scale'),
    min: 1,
    max: 10,
    step: 0.1,
    help: 'How closely the pictures follow the face. Around 3 looks natural; high values look harsh.',
  },
  {
    name: 'min_similarity',
    label: labelOf('min_similarity'),
    min: 0,
    max: 0.7,
    step: 0.01,
    off: 0,
    help: 'Pictures with a lower similarity are made again with other seeds, up to three times. Strangers have about 0.06.',
  },
]

// Seeds stay in PyTorch's usual 32 bits, so that they can be typed into other tools.
export const maxSeed = 2 ** 32 - 1
