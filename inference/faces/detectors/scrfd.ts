import { basename } from 'node:path'
import { BundleError } from '../../bundle-error.ts'
import { loadNetwork } from '../../engine/runtime.ts'
import { suppressNonMaxima } from '../../numeric/nms.ts'
import { toPlanar } from '../../numeric/planar.ts'
import { resizeBilinear } from '../../numeric/resize.ts'
import type { Point } from '../../numeric/similarity-transform.ts'
import type { DetectorEntry } from '../detector.ts'
import { inputSize } from '../input-size.ts'

// SCRFD (Guo et al., "Sample and Computation Redistribution for Efficient Face Detection", 2021) as insightface runs it:
// the photo in the upper left corner of a black square, then distances from anchor points at strides 8, 16, 32, ….
const PIXELS = { channels: 'rgb', mean: 127.5, std: 128 } as const
const FIRST_STRIDE = 8
const LANDMARKS = 5
// Upright faces score 0.77 and more in sharp photos; faces that are turned and look upright, up to 0.74.
const SURE_SCORE = 0.78

interface Output {
  data: Float32Array
  dims: readonly number[]
}

/** The outputs with so many values per anchor, finest stride first. */
const outputsOf = (outputs: Record<string, Output>, width: number) =>
  Object.values(outputs)
    .filter(({ dims }) => dims.at(-1) === width)
    .map(({ data }) => data)
    .sort((a, b) => b.length - a.length)

const create: DetectorEntry['create'] = async (spec, options) => {
  const network = await loadNetwork(spec.file, options)
  const input = network.inputs[0]!
  const fixed = inputSize(network, input)

  return {
    sureScore: SURE_SCORE,
    detect: async (photo, { sizePx = spec.inputSizePx, border = 0 } = {}) => {
      const width = fixed?.width ?? sizePx
      const height = fixed?.height ?? sizePx
      const margin = border * Math.max(photo.width, photo.height)
      const ratio = (photo.height + 2 * margin) / (photo.width + 2 * margin)
      // Truncated as insightface truncates them.
      const outerHeight = ratio > height / width ? height : Math.trunc(width * ratio)
      const outerWidth = ratio > height / width ? Math.trunc(height / ratio) : width
      const scale = outerHeight / (photo.height + 2 * margin)
      const left = Math.round(margin * scale)
      const top = left
      const scaled = resizeBilinear(
        photo,
        Math.max(1, border ? Math.round(photo.width * scale) : outerWidth),
        Math.max(1, border ? Math.round(photo.height * scale) : outerHeight),
      )
      const data = toPlanar(scaled, { ...PIXELS, width, height, left, top })
      const outputs = await network.run({ [input]: { data, dims: [1, 3, height, width] } })
      const [scores, boxes, landmarks] = [1, 4, 2 * LANDMARKS].map((n) => outputsOf(outputs, n)) as [
        Float32Array[],
        Float32Array[],
        Float32Array[],
      ]
      if (scores.length === 0 || boxes.length !== scores.length || landmarks.length !== scores.length) {
        throw new BundleError(`${basename(spec.file)} is not an SCRFD network with landmarks`)
      }

      const foundBoxes: number[] = []
      const foundScores: number[] = []
      const foundLandmarks: Point[][] = []
      for (const [level, levelScores] of scores.entries()) {
        const stride = FIRST_STRIDE << level
        const columns = Math.floor(width / stride)
        const anchors = levelScores.length / (columns * Math.floor(height / stride))
        if (!Number.isInteger(anchors))
          throw new BundleError(`${basename(spec.file)} is not an SCRFD network of strides 8, 16, 32, …`)
        const levelBoxes = boxes[level]!
        const levelLandmarks = landmarks[level]!
        for (let i = 0; i < levelScores.length; i++) {
          const score = levelScores[i]!
          if (!(score >= spec.scoreThreshold)) continue
          const cell = Math.floor(i / anchors)
          const x = (cell % columns) * stride
          const y = Math.floor(cell / columns) * stride
          const toPhotoX = (distance: number) => (x + distance * stride - left) / scale
          const toPhotoY = (distance: number) => (y + distance * stride - top) / scale
          foundScores.push(score)
          foundBoxes.push(
            toPhotoX(-levelBoxes[i * 4]!),
            toPhotoY(-levelBoxes[i * 4 + 1]!),
            toPhotoX(levelBoxes[i * 4 + 2]!),
            toPhotoY(levelBoxes[i * 4 + 3]!),
          )
          const at = i * 2 * LANDMARKS
          foundLandmarks.push(
            Array.from({ length: LANDMARKS }, (_, n) => [
              toPhotoX(levelLandmarks[at + 2 * n]!),
              toPhotoY(levelLandmarks[at + 2 * n + 1]!),
            ]),
          )
        }
      }
      const kept = suppressNonMaxima(foundBoxes, foundScores, { threshold: spec.nmsThreshold, extent: 1 })
      return kept.map((i) => ({
        box: foundBoxes.slice(i * 4, i * 4 + 4) as [number, number, number, number],
        landmarks: foundLandmarks[i]!,
        score: foundScores[i]!,
      }))
    },
    release: () => network.release(),
  }
}

/** SCRFD with five landmarks, as insightface runs it. */
export const scrfd: DetectorEntry = { create, defaults: { inputSizePx: 640, scoreThreshold: 0.5, nmsThreshold: 0.4 } }
