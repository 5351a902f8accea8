import { basename } from 'node:path'
import type { RecogniserSpec } from '../../contracts/bundle-manifest.ts'
import { BundleError } from '../bundle-error.ts'
import { loadNetwork, type NetworkOptions } from '../engine/runtime.ts'
import type { RgbImage } from '../numeric/image.ts'
import { toPlanar } from '../numeric/planar.ts'
import { estimateSimilarity, type Point } from '../numeric/similarity-transform.ts'
import { toUnit } from '../numeric/vector.ts'
import { warpAffine } from '../numeric/warp.ts'
import { inputSize } from './input-size.ts'

// ArcFace's reference points in a crop of 112 pixels, insightface face_align.py
const REFERENCE_SIZE_PX = 112
const REFERENCE: readonly Point[] = [
  [38.2946, 51.6963],
  [73.5318, 51.5014],
  [56.0252, 71.7366],
  [41.5493, 92.3655],
  [70.7299, 92.2041],
]

export interface Recogniser {
  /** Side of the crop, pixels. */
  readonly sizePx: number
  /** Turns and scales the face upright into a square crop. Throws a RangeError where the landmarks coincide. */
  align(photo: RgbImage, landmarks: readonly Point[]): RgbImage
  /** The unit vector of an aligned crop. */
  embed(crop: RgbImage): Promise<Float32Array>
  release(): Promise<void>
}

/** The reference points for another size; multiples of 128 have a margin of 8 at left and right, as in insightface. */
const referencePoints = (sizePx: number): Point[] => {
  const wide = sizePx % REFERENCE_SIZE_PX !== 0 && sizePx % 128 === 0
  const ratio = sizePx / (wide ? 128 : REFERENCE_SIZE_PX)
  return REFERENCE.map(([x, y]) => [x * ratio + (wide ? 8 * ratio : 0), y * ratio])
}

/** A recogniser's settings; `dimensions` absent takes whatever the network gives. */
export type RecogniserSettings = Omit<RecogniserSpec, 'dimensions'> & { dimensions?: number }

/** Loads an ArcFace-like network; the path is in `spec.file`. */
export const createRecogniser = async (spec: RecogniserSettings, options?: NetworkOptions): Promise<Recogniser> => {
  const network = await loadNetwork(spec.file, options)
  const input = network.inputs[0]!
  const output = network.outputs[0]!
  const sizePx = inputSize(network, input)?.width ?? spec.sizePx
  const reference = referencePoints(sizePx)

  return {
    sizePx,
    align: (photo, landmarks) => warpAffine(photo, estimateSimilarity(landmarks, reference), sizePx, sizePx),
    embed: async (crop) => {
      if (crop.width !== sizePx || crop.height !== sizePx) {
        throw new RangeError(`A crop must have ${sizePx}x${sizePx} pixels; this one has ${crop.width}x${crop.height}`)
      }
      const { channels, mean, std } = spec
      const data = toPlanar(crop, { channels, mean, std })
      const vector = (await network.run({ [input]: { data, dims: [1, 3, sizePx, sizePx] } }))[output]!.data
      if (spec.dimensions && vector.length !== spec.dimensions) {
        throw new BundleError(
          `${basename(spec.file)} gives ${vector.length} numbers; the manifest requires ${spec.dimensions}`,
        )
      }
      return toUnit(vector)
    },
    release: () => network.release(),
  }
}
