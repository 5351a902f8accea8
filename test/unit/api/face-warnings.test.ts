import { describe, expect, it } from 'vitest'
import { faceWarnings } from '../../../api/models/face-warnings.ts'
import type { FoundFace } from '../../../contracts/generate-faces.ts'

const face = (width: number, height: number, more: Partial<FoundFace> = {}): FoundFace => ({
  box: [10, 10, 10 + width, 10 + height],
  landmarks: [],
  score: 0.9,
  faces: 1,
  ...more,
})

describe('the warnings of a prediction', () => {
  it('are none about a face that is large enough and upright', () => {
    expect(faceWarnings([face(32, 40), face(300, 400)])).toEqual([])
  })

  it('name the photo whose face is too small to tell people apart, and its size', () => {
    const message = expect.stringContaining('14x18 px')
    expect(faceWarnings([face(300, 400), face(14, 18)])).toEqual([{ type: 'face_small', photo: 1, message }])
  })

  it('say that a photo was turned, and how', () => {
    const message = expect.stringContaining('180 degrees clockwise')
    expect(faceWarnings([face(300, 400, { turn: 180 })])).toEqual([{ type: 'photo_turned', photo: 0, message }])
  })
})
