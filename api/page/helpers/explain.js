/** @import { Explanation, Prediction } from '../types.ts' */

/**
 * By failure type: which rule a photo broke, and how to mend it.
 *
 * @type {Record<string, [title: string, mend: string] | undefined>}
 */
const explanations = {
  no_face: [
    'No face was found in this photo',
    'Take one where a single face is seen from the front, well lit, and not cut off by the border.',
  ],
  face_too_small: ['The face is too small', 'Crop the photo around the face, or take one from nearer.'],
  different_people: ['These are photos of different people', 'Leave out the photos that show somebody else.'],
  photo_unreadable: [
    'This file cannot be read as a photo',
    'It may be damaged or cut short. Open it in another program and save it again as JPEG or PNG.',
  ],
  photo_unsupported: [
    'This file is of a kind that is not taken',
    'Photos are JPEG, PNG, WebP, AVIF, HEIC, GIF or TIFF, told by what is in them and not by their name.',
  ],
  photo_too_large: ['This photo is too large', 'At most 20 MB and 50 megapixels. Save a smaller copy.'],
  photo_too_small: ['This photo is too small', 'Both sides have at least 32 pixels; a face wants about 112.'],
  photo_empty: ['This file is empty', 'Choose another one.'],
  photo_unreachable: ['The photo could not be fetched', 'Choose it again; the upload may have expired.'],
  artifact_missing: ['A file that this needs is gone', 'Choose the photo again, and start once more.'],
  data_removed: [
    'Its photos and images have been removed',
    'They are kept for a while only. Start again with the photo.',
  ],
  deadline_exceeded: ['It took longer than was asked for', 'Ask for fewer pictures or steps.'],
  out_of_memory: ['The device ran out of memory', 'Ask for fewer pictures at a time.'],
  diffusion_diverged: [
    'These settings give no picture',
    'Try another scheduler, another number of steps, or less guidance.',
  ],
  settings_invalid: ['The scheduler cannot do so many steps', 'Ask for fewer steps, or choose another scheduler.'],
  bundle_invalid: ['The worker cannot load the model', 'Its operator has to look at it.'],
  provider_missing: ['The worker cannot use the device that it was told to', 'Its operator has to look at it.'],
  storage_unavailable: ['The artifact store does not answer', 'Try again in a while.'],
}

/**
 * `{ title, mend, detail }` of a prediction that failed; the title is the API's own sentence where there is no other.
 *
 * @type {(prediction: Pick<Prediction, 'error' | 'metrics'>) => Explanation}
 */
export const explain = ({ error, metrics }) => {
  const type = metrics?.failure?.type
  const said = (error ?? 'It failed').replace(/ \(\w+\)$/, '')
  const [title, mend] = explanations[type ?? ''] ?? [said, 'The run in the Temporal UI has the details.']
  return { type, title, mend, ...(title !== said && { detail: said }) }
}

/**
 * The same for a problem that the API answers.
 *
 * @type {(problem: { message: string, fields?: Record<string, string> }) => Explanation}
 */
export const explainProblem = (problem) => {
  const fields = Object.entries(problem.fields ?? {}).map(([name, text]) => `${name}: ${text}`)
  return { title: problem.message, mend: fields.length > 1 ? fields.join('. ') : '' }
}

/** @type {(type: string) => Explanation} */
export const explainType = (type) => {
  const [title, mend] = explanations[type] ?? [type, '']
  return { type, title, mend }
}
