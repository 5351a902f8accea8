import type { FaceSelection } from '../../contracts/generate-faces.ts'
import { boxArea, type Face } from './face.ts'

export interface ChooseOptions {
  /** Shorter side of the smallest box taken, pixels. */
  minFaceSizePx: number
  /** Of the photo, pixels. */
  width: number
  height: number
}

/** Why no face is chosen. */
export interface NoChoice {
  readonly face?: undefined
  readonly type: 'noFace' | 'faceTooSmall'
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
}

export type Choice = { readonly face: Face } | NoChoice

const shorterSide = ({ box: [x1, y1, x2, y2] }: Face) => Math.min(x2 - x1, y2 - y1)

/** Higher is chosen. */
const rank = (selection: Exclude<FaceSelection, number>, { width, height }: ChooseOptions) => {
  if (selection === 'largest') return boxArea
  if (selection === 'best_score') return (face: Face) => face.score
  return ({ box: [x1, y1, x2, y2] }: Face) => -Math.hypot((x1 + x2 - width) / 2, (y1 + y2 - height) / 2)
}

const pick = (faces: readonly Face[], selection: FaceSelection, options: ChooseOptions): Face | undefined => {
  if (typeof selection === 'number') return [...faces].sort((a, b) => boxArea(b) - boxArea(a))[selection]
  const value = rank(selection, options)
  return faces.reduce<Face | undefined>((best, face) => (!best || value(face) > value(best) ? face : best), undefined)
}

/** The face that a photo is about, or why there is none. Faces below the smallest size are left out first. */
export const chooseFace = (faces: readonly Face[], selection: FaceSelection, options: ChooseOptions): Choice => {
  const { minFaceSizePx } = options
  const boxes = faces.map(({ box, score }) => ({ box, score }))
  if (faces.length === 0) return { type: 'noFace', message: 'No face was found in the photo', details: { boxes } }
  const large = faces.filter((face) => shorterSide(face) >= minFaceSizePx)
  if (large.length === 0) {
    const largest = Math.round(Math.max(...faces.map(shorterSide)))
    const message = `The largest face is ${largest} px wide; min_face_size requires at least ${minFaceSizePx} px`
    return { type: 'faceTooSmall', message, details: { boxes, minFaceSizePx } }
  }
  const face = pick(large, selection, options)
  if (face) return { face }
  const message = `The photo has ${large.length} faces; there is no face number ${selection}`
  return { type: 'noFace', message, details: { boxes, selection } }
}
