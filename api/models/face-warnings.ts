import type { FoundFace } from '../../contracts/generate-faces.ts'

// Measured with the demo bundle's recogniser: a face of 32 px has a cosine of 0.9 to the same face in full size, one of 20 px 0.7,
// and one of 16 px 0.5, as much as another person's may have.
const smallFacePx = 32

/** Something about a photo that a caller may want to change; the prediction succeeds all the same. */
export interface PhotoWarning {
  readonly type: 'face_small' | 'photo_turned'
  /** Index of the photo. */
  readonly photo: number
  /** For a person. */
  readonly message: string
}

/** What is doubtful about the faces that were chosen, one of each photo. */
export const faceWarnings = (faces: readonly FoundFace[]): PhotoWarning[] =>
  faces.flatMap(({ box: [x1, y1, x2, y2], turn }, photo) => {
    const width = Math.round(x2 - x1)
    const height = Math.round(y2 - y1)
    const warnings: PhotoWarning[] = []
    if (Math.min(width, height) < smallFacePx) {
      const message = `The face is ${width}x${height} px: the images may show somebody else. Send a larger picture, or set min_face_size`
      warnings.push({ type: 'face_small', photo, message })
    }
    if (turn) {
      const message = `The photo was not upright: the face was found after turning it ${turn} degrees clockwise`
      warnings.push({ type: 'photo_turned', photo, message })
    }
    return warnings
  })
