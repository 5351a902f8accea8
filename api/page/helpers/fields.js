/** The parameters of a run: what they are called, how far they go, and what they do. */
export const fields = [
  {
    name: 'num_images',
    label: 'Number of pictures',
    min: 1,
    max: 16,
    step: 1,
    help: 'Each is made from a seed of its own. More take longer.',
  },
  {
    name: 'num_steps',
    label: 'Steps',
    min: 1,
    max: 100,
    step: 1,
    help: 'How often the noise is cleaned. 20 to 30 is plenty; lcm wants 4 to 8.',
  },
  {
    name: 'guidance_scale',
    label: 'Guidance',
    min: 1,
    max: 10,
    step: 0.1,
    help: 'How strongly the face is insisted on. Around 3 looks natural; high values look harsh.',
  },
  {
    name: 'min_similarity',
    label: 'Similarity threshold',
    min: 0,
    max: 0.7,
    step: 0.01,
    off: 0,
    help: 'Pictures less like the person are made again with other seeds, up to three times. Strangers have about 0.06.',
  },
]

// Seeds stay in PyTorch's usual 32 bits, so that they can be typed into other tools.
export const maxSeed = 2 ** 32 - 1

const labels = {
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

/** A parameter's name for people. */
export const labelOf = (name) => fields.find((field) => field.name === name)?.label ?? labels[name] ?? name
