import type { RgbImage } from '../numeric/image.ts'
import { resizeBilinear } from '../numeric/resize.ts'
import { type QuarterTurns, turnImage, turnPointBack } from '../numeric/turn.ts'
import type { Detector, View } from './detector.ts'
import type { Face } from './face.ts'

// Larger than any view's size: what is turned need not have more pixels.
const maxSidePx = 1280
// A head leans. Beyond this the face is nearer to being upright in a photo that is turned.
const maxLeanDegrees = 45

/** Whether the line between the eyes is about level. Without two eyes it is. */
const isUpright = ({ landmarks: [left, right] }: Face): boolean =>
  !left || !right || Math.abs(Math.atan2(right[1] - left[1], right[0] - left[0])) * (180 / Math.PI) <= maxLeanDegrees

const bestScore = (faces: readonly Face[]): number => Math.max(0, ...faces.filter(isUpright).map(({ score }) => score))

/** Whether the faces may be of a photo that is not upright: none is upright with a score that only such faces have. */
export const isDoubtful = (faces: readonly Face[], { sureScore = 1 }: Detector): boolean => bestScore(faces) < sureScore

const turnFaceBack = ({ box, landmarks, score }: Face, turns: QuarterTurns, size: RgbImage, scale: number): Face => {
  const back = ([x, y]: readonly [number, number]) => {
    const [atX, atY] = turnPointBack([x, y], turns, size)
    return [atX / scale, atY / scale] as const
  }
  const [x1, y1, x2, y2] = box
  const [ax, ay] = back([x1, y1])
  const [bx, by] = back([x2, y2])
  return {
    box: [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)],
    landmarks: landmarks.map(back),
    score,
    turn: (turns * 90) as Exclude<Face['turn'], undefined>,
  }
}

/**
 * Looks at a photo turned by a quarter, a half and three quarters. The turn whose best face is upright with the best score
 * wins, also against `upright`, the faces of the photo as it is. Boxes and landmarks are in the photo as it is.
 */
export const findTurnedFaces = async (
  detector: Detector,
  photo: RgbImage,
  views: readonly View[],
  upright: readonly Face[],
): Promise<readonly Face[]> => {
  const scale = Math.min(1, maxSidePx / Math.max(photo.width, photo.height))
  const small =
    scale < 1
      ? resizeBilinear(
          photo,
          Math.max(1, Math.round(photo.width * scale)),
          Math.max(1, Math.round(photo.height * scale)),
        )
      : photo
  let found = upright
  let best = bestScore(upright)
  for (const turns of [1, 2, 3] as const) {
    const turned = turnImage(small, turns)
    for (const view of views) {
      const faces = await detector.detect(turned, view)
      const score = bestScore(faces)
      if (score <= best) continue
      found = faces.map((face) => turnFaceBack(face, turns, small, scale))
      best = score
    }
  }
  return found
}
