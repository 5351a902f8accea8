/** @import { Explanation, Prediction } from '../types.ts' */

/**
 * By failure type: which rule a photo broke, and how to mend it.
 *
 * @type {Record<string, [title: string, mend: string] | undefined>}
 */
const explanations = {
  no_face: [
    'No face was found in this photo',
    'Use one that shows a single face from the front, well lit, and not cut off at the edge.',
  ],
  face_too_small: ['The face is too small', 'Crop the photo around the face, or use a closer one.'],
  different_people: ['These are photos of different people', 'Remove the photos that show someone else.'],
  photo_unreadable: [
    'This file cannot be read as a photo',
    'It may be damaged or incomplete. Open it in another program and save it again as JPEG or PNG.',
  ],
  photo_unsupported: [
    'This file type is not supported',
    'Supported are JPEG, PNG, WebP, AVIF, HEIC, GIF and TIFF. The content of the file counts, not its name.',
  ],
  photo_too_large: ['This photo is too large', 'At most 20 MB and 50 megapixels. Save a smaller copy.'],
  photo_too_small: [
    'This photo is too small',
    'Both sides must have at least 32 pixels; a face should have about 112.',
  ],
  photo_empty: ['This file is empty', 'Choose another file.'],
  photo_unreachable: ['The photo could not be fetched', 'Choose it again; the upload may have expired.'],
  artifact_missing: ['A file that this run needs is missing', 'Choose the photo again, and start again.'],
  data_removed: [
    'Its photos and images have been removed',
    'They are only kept for a limited time. Start again with the photo.',
  ],
  deadline_exceeded: ['The run reached its time limit', 'Ask for fewer pictures or steps.'],
  out_of_memory: ['The device ran out of memory', 'Ask for fewer pictures at a time.'],
  diffusion_diverged: [
    'These settings do not produce a picture',
    'Try another scheduler, another number of steps, or less guidance.',
  ],
  settings_invalid: [
    'The scheduler does not support this many steps',
    'Ask for fewer steps, or choose another scheduler.',
  ],
  bundle_invalid: ['The worker cannot load the model', 'The operator has to fix it.'],
  provider_missing: ['The worker cannot use its configured device', 'The operator has to fix it.'],
  storage_unavailable: ['The artifact store is unavailable', 'Try again later.'],
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
