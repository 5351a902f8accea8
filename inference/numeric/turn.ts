import type { RgbImage } from './image.ts'
import type { Point } from './similarity-transform.ts'

/** Quarter turns, clockwise. */
export type QuarterTurns = 0 | 1 | 2 | 3

/** The picture turned clockwise. */
export const turnImage = (image: RgbImage, turns: QuarterTurns): RgbImage => {
  if (turns === 0) return image
  const { data, width, height } = image
  const [turnedWidth, turnedHeight] = turns === 2 ? [width, height] : [height, width]
  // Where the turned picture's first pixel lies in `data`, and how far its neighbours to the right and below are from it.
  const [start, right, down] = (
    {
      1: [(height - 1) * width, -width, 1],
      2: [height * width - 1, -1, -width],
      3: [width - 1, width, -1],
    } as const
  )[turns]
  const turned = new Uint8Array(data.length)
  for (let y = 0, to = 0; y < turnedHeight; y++) {
    for (let x = 0, from = (start + y * down) * 3; x < turnedWidth; x++, from += right * 3, to += 3) {
      turned[to] = data[from]!
      turned[to + 1] = data[from + 1]!
      turned[to + 2] = data[from + 2]!
    }
  }
  return { data: turned, width: turnedWidth, height: turnedHeight }
}

/** A point of a turned picture in the picture as it was; `width` and `height` are those of the picture as it was. */
export const turnPointBack = (
  [x, y]: Point,
  turns: QuarterTurns,
  { width, height }: { width: number; height: number },
): Point => {
  if (turns === 1) return [y, height - x]
  if (turns === 2) return [width - x, height - y]
  return turns === 3 ? [width - y, x] : [x, y]
}
