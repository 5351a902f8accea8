import type { RgbImage } from '../numeric/image.ts'
import type { Detector, View } from './detector.ts'
import { boxArea, type Face } from './face.ts'

// A face that fills the photo is larger than what the detectors were trained on: a border makes it smaller. A small one in a
// large photo needs the larger size.
const RETRIES: readonly View[] = [{ border: 0.5 }, { border: 0.25 }, { sizePx: 320 }, { sizePx: 960 }, { border: 1 }]

export interface FindFacesOptions {
  /** Looks again, with a border and at other sizes, if the first look finds nothing. Default true. */
  retry?: boolean
}

/** The faces of a photo, largest box first. */
export const findFaces = async (
  detector: Detector,
  photo: RgbImage,
  { retry = true }: FindFacesOptions = {},
): Promise<Face[]> => {
  for (const view of retry ? [{}, ...RETRIES] : [{}]) {
    const faces = await detector.detect(photo, view)
    if (faces.length > 0) return faces.sort((a, b) => boxArea(b) - boxArea(a))
  }
  return []
}
