// Similarity is the cosine of two face vectors: 1 is the same picture, 0 is what two strangers have in common.

/** The bundled demo's twelve people, each against the pictures of the other eleven (models/demo/README.md). */
export const strangers = { typical: 0.06, highest: 0.33 }

/** Where the bar ends; higher values fill it. */
const scaleEnd = 0.8

/** @type {(cosine: number) => number} */
export const place = (cosine) => Math.max(0, Math.min(cosine / scaleEnd, 1))

/** @type {(cosine: number) => string} */
export const formatCosine = (cosine) => (Math.round(cosine * 100) / 100 || 0).toFixed(2)

/**
 * A few words for a value, with the person's own threshold where there is one.
 *
 * @type {(cosine: number | null | undefined, threshold: number | undefined) => string}
 */
export const verdict = (cosine, threshold) => {
  if (cosine === null || cosine === undefined) return 'No face found in this picture'
  if (threshold !== undefined && cosine < threshold) return 'Below your threshold'
  if (cosine > strangers.highest) return 'Above all strangers'
  if (cosine > 2 * strangers.typical) return 'Above the usual stranger'
  return 'Like a stranger'
}
