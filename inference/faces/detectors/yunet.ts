import { basename } from 'node:path'
import { BundleError } from '../../bundle-error.ts'
import { loadNetwork } from '../../engine/runtime.ts'
import { suppressNonMaxima } from '../../numeric/nms.ts'
import { toPlanar } from '../../numeric/planar.ts'
import { resizeBilinear, rint } from '../../numeric/resize.ts'
import type { Point } from '../../numeric/similarity-transform.ts'
import type { DetectorEntry } from '../detector.ts'
import { inputSize } from '../input-size.ts'

// YuNet (Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023) as OpenCV's FaceDetectorYN runs it
// (modules/objdetect/src/face_detect.cpp).
const PIXELS = { channels: 'bgr', mean: 0, std: 1 } as const
const STRIDES = [8, 16, 32] as const
const DIVISOR = 32
const LANDMARKS = 5
// Upright faces score 0.93 and more in sharp photos, faces of turned photos up to 0.92.
const SURE_SCORE = 0.93
const TOP_K = 5000

const unit = (value: number) => Math.min(1, Math.max(0, value))
const roundUp = (value: number) => Math.ceil(value / DIVISOR) * DIVISOR

const create: DetectorEntry['create'] = async (spec, options) => {
  const network = await loadNetwork(spec.file, options)
  const input = network.inputs[0]!
  const fixed = inputSize(network, input)
  const missing = STRIDES.flatMap((s) => [`cls_${s}`, `obj_${s}`, `bbox_${s}`, `kps_${s}`]).find(
    (name) => !network.outputs.includes(name),
  )
  if (missing) throw new BundleError(`${basename(spec.file)} is not a YuNet network: it has no output ${missing}`)

  return {
    sureScore: SURE_SCORE,
    detect: async (photo, { sizePx = spec.inputSizePx, border = 0 } = {}) => {
      const longest = Math.max(photo.width, photo.height)
      const margin = border * longest
      const sideLimit = fixed ? Math.min(fixed.width, fixed.height, sizePx) : sizePx
      const factor = Math.min(1, sideLimit / (longest + 2 * margin))
      const scaled =
        factor < 1
          ? resizeBilinear(
              photo,
              Math.max(1, rint(photo.width * factor)),
              Math.max(1, rint(photo.height * factor)),
              factor,
              factor,
            )
          : photo
      const left = Math.round(margin * factor)
      const top = left
      const width = fixed?.width ?? roundUp(scaled.width + 2 * left)
      const height = fixed?.height ?? roundUp(scaled.height + 2 * top)
      const data = toPlanar(scaled, { ...PIXELS, width, height, left, top })
      const outputs = await network.run({ [input]: { data, dims: [1, 3, height, width] } })

      const scaleX = photo.width / scaled.width
      const scaleY = photo.height / scaled.height
      const foundBoxes: number[][] = []
      const foundScores: number[] = []
      const foundLandmarks: Point[][] = []
      for (const stride of STRIDES) {
        const classes = outputs[`cls_${stride}`]!.data
        const objects = outputs[`obj_${stride}`]!.data
        const boxes = outputs[`bbox_${stride}`]!.data
        const landmarks = outputs[`kps_${stride}`]!.data
        const columns = Math.floor(width / stride)
        for (let i = 0; i < classes.length; i++) {
          const score = Math.fround(Math.sqrt(unit(classes[i]!) * unit(objects[i]!)))
          if (!(score >= spec.scoreThreshold)) continue
          const column = i % columns
          const row = Math.floor(i / columns)
          const w = Math.exp(boxes[i * 4 + 2]!) * stride
          const h = Math.exp(boxes[i * 4 + 3]!) * stride
          foundScores.push(score)
          foundBoxes.push([(column + boxes[i * 4]!) * stride - w / 2, (row + boxes[i * 4 + 1]!) * stride - h / 2, w, h])
          const at = i * 2 * LANDMARKS
          foundLandmarks.push(
            Array.from({ length: LANDMARKS }, (_, n) => [
              ((landmarks[at + 2 * n]! + column) * stride - left) * scaleX,
              ((landmarks[at + 2 * n + 1]! + row) * stride - top) * scaleY,
            ]),
          )
        }
      }
      // OpenCV suppresses by whole pixels.
      const whole = foundBoxes.flatMap((box) => {
        const [x, y, w, h] = box.map(Math.trunc) as [number, number, number, number]
        return [x, y, x + w, y + h]
      })
      const kept = suppressNonMaxima(whole, foundScores, { threshold: spec.nmsThreshold, topK: TOP_K })
      return kept.map((i) => {
        const [x, y, w, h] = foundBoxes[i] as [number, number, number, number]
        const x1 = (x - left) * scaleX
        const y1 = (y - top) * scaleY
        return {
          box: [x1, y1, x1 + w * scaleX, y1 + h * scaleY],
          landmarks: foundLandmarks[i]!,
          score: foundScores[i]!,
        }
      })
    },
    release: () => network.release(),
  }
}

/** YuNet as OpenCV's FaceDetectorYN runs it. */
export const yunet: DetectorEntry = { create, defaults: { inputSizePx: 640, scoreThreshold: 0.6, nmsThreshold: 0.3 } }
