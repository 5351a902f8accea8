import type { RgbImage } from '../numeric/image.ts'
import type { Detector, View } from './detector.ts'
import { boxArea, type Face } from './face.ts'
import { findTurnedFaces, isDoubtful } from './turned-faces.ts'

// A face that fills the photo is larger than what the detectors were trained on: a border makes it smaller. A small one in a
// large photo needs the larger size.
const WHOLE: View = {}
const BORDER: View = { border: 0.5 }
const RETRIES: readonly View[] = [BORDER, { border: 0.25 }, { sizePx: 320 }, { sizePx: 960 }, { border: 1 }]

export interface FindFacesOptions {
  /** Looks again, with a border and at other sizes, if the first look finds nothing. Default true. */
  retry?: boolean
  /** Looks again at the photo turned, if it is not sure that its faces are upright. Defaults to `retry`. */
  turn?: boolean
}

/** The faces of a photo, largest box first, with places in the photo as it is. */
export const findFaces = async (
  detector: Detector,
  photo: RgbImage,
  { retry = true, turn = retry }: FindFacesOptions = {},
): Promise<Face[]> => {
  let faces: readonly Face[] = []
  let seen = WHOLE
  for (const view of retry ? [WHOLE, ...RETRIES] : [WHOLE]) {
    faces = await detector.detect(photo, view)
    seen = view
    if (faces.length > 0) break
  }
  if (turn && isDoubtful(faces, detector)) {
    const second = faces.length > 0 ? seen : BORDER
    faces = await findTurnedFaces(detector, photo, second === WHOLE ? [WHOLE] : [WHOLE, second], faces)
  }
  return [...faces].sort((a, b) => boxArea(b) - boxArea(a))
}
