export interface NmsOptions {
  /** A box is dropped where its intersection over union with a better one is above this. */
  threshold: number
  /** What a box measures beyond x2 - x1: 1 where pixels are counted with both ends (insightface), 0 else (OpenCV). */
  extent?: 0 | 1
  /** Only so many best boxes are looked at. */
  topK?: number
}

/**
 * Greedy non-maximum suppression. `boxes` is `[n,4]` as x1, y1, x2, y2; `scores` is `[n]`.
 * Gives the indices that stay, best score first; equal scores keep their order.
 */
export const suppressNonMaxima = (
  boxes: ArrayLike<number>,
  scores: ArrayLike<number>,
  { threshold, extent = 0, topK = Number.POSITIVE_INFINITY }: NmsOptions,
): number[] => {
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!)
  const size = (i: number, axis: 0 | 1) => boxes[i * 4 + axis + 2]! - boxes[i * 4 + axis]! + extent
  const overlap = (a: number, b: number, axis: 0 | 1) =>
    Math.max(
      0,
      Math.min(boxes[a * 4 + axis + 2]!, boxes[b * 4 + axis + 2]!) -
        Math.max(boxes[a * 4 + axis]!, boxes[b * 4 + axis]!) +
        extent,
    )
  const kept: number[] = []
  for (const i of order.slice(0, topK)) {
    const area = size(i, 0) * size(i, 1)
    const covered = kept.some((j) => {
      const shared = overlap(i, j, 0) * overlap(i, j, 1)
      return shared / (area + size(j, 0) * size(j, 1) - shared) > threshold
    })
    if (!covered) kept.push(i)
  }
  return kept
}
