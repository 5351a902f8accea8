import { describe, expect, it } from 'vitest'
import { chooseFace } from '../../../inference/faces/choose-face.ts'
import type { Face } from '../../../inference/faces/face.ts'

const face = (x1: number, y1: number, side: number, score: number): Face => ({
  box: [x1, y1, x1 + side, y1 + side],
  landmarks: [],
  score,
})
const large = face(0, 0, 300, 0.7)
const central = face(450, 450, 100, 0.8)
const best = face(650, 200, 150, 0.95)
const faces = [central, large, best]
const options = { minFaceSizePx: 0, width: 1000, height: 1000 }

describe('chooseFace', () => {
  it.each([
    ['largest', large],
    ['central', central],
    ['best_score', best],
    [0, large],
    [1, best],
    [2, central],
  ] as const)('takes by %s', (selection, wanted) => {
    expect(chooseFace(faces, selection, options)).toEqual({ face: wanted })
  })

  it('says that there is none', () => {
    expect(chooseFace([], 'largest', options)).toMatchObject({ type: 'noFace', details: { boxes: [] } })
  })

  it('says that the index is beyond the faces', () => {
    const choice = chooseFace(faces, 3, options)
    expect(choice).toMatchObject({ type: 'noFace', details: { selection: 3 } })
    expect(choice).toHaveProperty('message', expect.stringContaining('3 faces'))
  })

  it('leaves out faces that are too small', () => {
    expect(chooseFace(faces, 'central', { ...options, minFaceSizePx: 120 })).toEqual({ face: best })
    expect(chooseFace(faces, 'central', { ...options, minFaceSizePx: 301 })).toMatchObject({
      type: 'faceTooSmall',
      details: { minFaceSizePx: 301 },
    })
  })
})
