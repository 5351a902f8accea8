import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { RgbImage } from '../../../inference/numeric/image.ts'
import { suppressNonMaxima } from '../../../inference/numeric/nms.ts'
import { resizeBilinear } from '../../../inference/numeric/resize.ts'
import {
  type Affine,
  estimateSimilarity,
  invertAffine,
  type Point,
} from '../../../inference/numeric/similarity-transform.ts'
import { warpAffine } from '../../../inference/numeric/warp.ts'

// Hashes of what OpenCV's resize and warpAffine (INTER_LINEAR) make of the images below, and insightface's estimate_norm.
const golden = JSON.parse(readFileSync('test/golden/opencv.json', 'utf8')) as {
  resize: { seed: number; from: [number, number]; to: [number, number]; factor?: number; sha256: string }[]
  warp: { seed: number; size: [number, number]; landmarks: Point[]; matrix: Affine; sha256: string }[]
}

const noise = (seed: number, [width, height]: [number, number]): RgbImage => ({
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (Math.imul(i + seed, 2654435761) >>> 13) & 255),
  width,
  height,
})
const sha256 = ({ data }: RgbImage) => createHash('sha256').update(data).digest('hex')

// insightface's reference points
const reference: Point[] = [
  [38.2946, 51.6963],
  [73.5318, 51.5014],
  [56.0252, 71.7366],
  [41.5493, 92.3655],
  [70.7299, 92.2041],
]

describe('resizeBilinear', () => {
  it.each(golden.resize)('has every value of OpenCV: $from to $to', ({ seed, from, to, factor, sha256: expected }) => {
    const resized = resizeBilinear(noise(seed, from), ...to, factor, factor)
    expect([resized.width, resized.height, sha256(resized)]).toEqual([...to, expected])
  })
})

describe('warpAffine', () => {
  it.each(golden.warp)('has every value of OpenCV: image $seed', ({ seed, size, matrix, sha256: expected }) => {
    expect(sha256(warpAffine(noise(seed, size), matrix, 112, 112))).toBe(expected)
  })

  it('is black where the face lies outside the photo', () => {
    const { data } = warpAffine(noise(1, [64, 64]), [1, 0, 500, 0, 1, 500], 112, 112)
    expect(data.every((value) => value === 0)).toBe(true)
  })
})

describe('estimateSimilarity', () => {
  it.each(golden.warp)('has the matrix of insightface: image $seed', ({ landmarks, matrix }) => {
    estimateSimilarity(landmarks, reference).forEach((value, i) => {
      expect(Math.abs(value - matrix[i]!)).toBeLessThan(1e-4 * Math.max(1, Math.abs(matrix[i]!)))
    })
  })

  it('refuses points that coincide', () => {
    expect(() =>
      estimateSimilarity(
        Array.from({ length: 5 }, () => [3, 4] as const),
        reference,
      ),
    ).toThrow(RangeError)
  })

  it('is undone by its inverse', () => {
    const transform = estimateSimilarity(golden.warp[0]!.landmarks, reference)
    invertAffine(invertAffine(transform)).forEach((value, i) => {
      expect(value).toBeCloseTo(transform[i]!, 9)
    })
  })
})

describe('suppressNonMaxima', () => {
  const boxes = [0, 0, 10, 10, 1, 0, 11, 10, 40, 40, 50, 50]

  it('drops what a better box covers and gives the rest best first', () => {
    expect(suppressNonMaxima(boxes, [0.7, 0.9, 0.8], { threshold: 0.4 })).toEqual([1, 2])
  })

  it('keeps a box at the threshold itself', () => {
    // 90 of 110 shared
    expect(suppressNonMaxima(boxes, [0.7, 0.9, 0.8], { threshold: 90 / 110 })).toEqual([1, 2, 0])
  })

  it('counts pixels with both ends where asked to', () => {
    // 110 of 132 shared
    expect(suppressNonMaxima(boxes, [0.7, 0.9, 0.8], { threshold: 90 / 110, extent: 1 })).toEqual([1, 2])
  })

  it('looks at the best boxes alone', () => {
    expect(suppressNonMaxima(boxes, [0.7, 0.9, 0.8], { threshold: 0.4, topK: 1 })).toEqual([1])
  })
})
