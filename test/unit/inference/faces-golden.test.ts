import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Bundle, loadBundle } from '../../../inference/bundle.ts'
import { createFaceEngine, type FaceEngine } from '../../../inference/engine/face-engine.ts'
import { faceModels } from '../../../inference/engine/face-models.ts'
import { detectors as kinds } from '../../../inference/faces/detectors/index.ts'
import { createRecogniser } from '../../../inference/faces/recogniser.ts'
import { cosine } from '../../../inference/numeric/identity.ts'
import { decodePhoto } from '../../../inference/photos/decode.ts'

// What insightface's SCRFD and ArcFaceONNX and OpenCV's FaceDetectorYN and warpAffine make of the photos.
interface GoldenFace {
  bbox: number[]
  score: number
  kps: number[][]
  embedding: number[]
}
type Golden = Record<string, { width: number; height: number } & Record<string, GoldenFace[]>>

/** Further photos with their own faces.json and aligned/ can be compared by naming the two folders. */
const sets = [{ photos: 'samples', golden: 'test/golden/faces' }]
const { PARITY_PHOTOS, PARITY_GOLDEN } = process.env
if (PARITY_PHOTOS && PARITY_GOLDEN) sets.push({ photos: PARITY_PHOTOS, golden: PARITY_GOLDEN })

let bundle: Bundle
const engines: FaceEngine[] = []
const detectors = ['yunet', 'scrfd_500m', 'scrfd_2.5g']

const createEngine = (detector: string): FaceEngine => {
  const models = faceModels(bundle)
  const file = `test/fixtures/scrfd/${detector}_bnkps.onnx`
  const engine = createFaceEngine({
    models: detector === 'yunet' ? models : { ...models, detector: { kind: 'scrfd', ...kinds.scrfd.defaults, file } },
  })
  engines.push(engine)
  return engine
}

beforeAll(async () => {
  bundle = await loadBundle('models/demo')
})
afterAll(() => Promise.all(engines.map((engine) => engine.close())))

const worst = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)))

describe.each(sets)('$photos', ({ photos, golden }) => {
  const expected = JSON.parse(readFileSync(join(golden, 'faces.json'), 'utf8')) as Golden
  const names = readdirSync(photos).filter((name) => expected[name])

  it('has photos to compare', () => {
    expect(names.length).toBeGreaterThan(8)
  })

  it.each(detectors)('has the faces that the reference finds with %s', async (detector) => {
    const engine = createEngine(detector)
    const cosines: number[] = []
    for (const name of names) {
      const photo = await decodePhoto(readFileSync(join(photos, name)), { colours: 'stored' })
      expect([name, photo.width, photo.height]).toEqual([name, expected[name]!.width, expected[name]!.height])
      const found = await engine.analyse(photo, { retry: false })
      const wanted = expected[name]![detector]!
      expect([name, found.length]).toEqual([name, wanted.length])
      found.forEach((face, k) => {
        const { bbox, kps, score, embedding } = wanted[k]!
        const size = Math.max(bbox[2]! - bbox[0]!, bbox[3]! - bbox[1]!)
        expect(worst(face.box, bbox)).toBeLessThan(Math.max(1, size / 100))
        expect(worst(face.landmarks.flat(), kps.flat())).toBeLessThan(Math.max(0.5, size / 200))
        expect(Math.abs(face.score - score)).toBeLessThan(0.01)
        cosines.push(cosine(face.embedding, Float32Array.from(embedding)))
      })
    }
    expect(Math.min(...cosines)).toBeGreaterThan(0.9995)
    expect(cosines.reduce((a, b) => a + b) / cosines.length).toBeGreaterThan(0.9999)
  })

  it('has crops within 40 dB of the reference', async () => {
    const recogniser = await createRecogniser(faceModels(bundle).recogniser)
    for (const name of names) {
      const face = expected[name]!.scrfd_500m?.[0]
      if (!face) continue
      const photo = await decodePhoto(readFileSync(join(photos, name)), { colours: 'stored' })
      const crop = recogniser.align(photo, face.kps as [number, number][])
      const wanted = await decodePhoto(readFileSync(join(golden, 'aligned', `${name}.png`)), { colours: 'stored' })
      const squares = crop.data.reduce((sum, value, i) => sum + (value - wanted.data[i]!) ** 2, 0)
      const psnr = 10 * Math.log10(255 ** 2 / (squares / crop.data.length))
      expect([name, psnr > 40]).toEqual([name, true])
    }
    await recogniser.release()
  })
})
