import { arc2face } from '../../api/models/arc2face.ts'

const at = arc2face.steps.indexOf('generateImages')

/** The steps of a prediction before its diffusion, and after it. */
export const stepsBefore: readonly string[] = arc2face.steps.slice(0, at)
export const stepsAfter: readonly string[] = arc2face.steps.slice(at + 1)
