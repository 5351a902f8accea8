import { readdirSync, readFileSync } from 'node:fs'
import sharp, { type Sharp } from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadBundle } from '../../../inference/bundle.ts'
import { createFaceEngine, type FaceEngine, type IdentifiedFace } from '../../../inference/engine/face-engine.ts'
import { type FaceModels, faceModels } from '../../../inference/engine/face-models.ts'
import { detectors } from '../../../inference/faces/detectors/index.ts'
import { cosine } from '../../../inference/numeric/identity.ts'
import { turnImage, turnPointBack } from '../../../inference/numeric/turn.ts'
import { decodePhoto } from '../../../inference/photos/decode.ts'

const samples = readdirSync('samples').filter((name) => name.endsWith('.jpg'))
const engines: Record<string, FaceEngine> = {}
let models: FaceModels

beforeAll(async () => {
  models = faceModels(await loadBundle('models/demo'))
  const detector = {
    kind: 'scrfd',
    ...detectors.scrfd.defaults,
    file: 'test/fixtures/scrfd/scrfd_500m_bnkps.onnx',
  }
  engines.yunet = createFaceEngine({ models })
  engines.scrfd = createFaceEngine({ models: { ...models, detector } })
})
afterAll(() => Promise.all(Object.values(engines).map((engine) => engine.close())))

describe('turning a picture', () => {
  const image = { data: Uint8Array.from({ length: 3 * 2 * 3 }, (_, i) => i), width: 3, height: 2 }
  const pixels = ({ data }: { data: Uint8Array }) => Array.from({ length: 6 }, (_, i) => data[i * 3]! / 3)

  it('moves pixels clockwise', () => {
    expect(pixels(turnImage(image, 1))).toEqual([3, 0, 4, 1, 5, 2])
    expect(pixels(turnImage(image, 2))).toEqual([5, 4, 3, 2, 1, 0])
    expect(pixels(turnImage(image, 3))).toEqual([2, 5, 1, 4, 0, 3])
  })

  it.each([1, 2, 3] as const)('and points back, after %s quarters', (turns) => {
    const turned = turnImage(image, turns)
    for (let y = 0; y < turned.height; y++) {
      for (let x = 0; x < turned.width; x++) {
        const [backX, backY] = turnPointBack([x + 0.5, y + 0.5], turns, image).map(Math.floor) as [number, number]
        expect(turned.data[(y * turned.width + x) * 3]).toBe(image.data[(backY * 3 + backX) * 3])
      }
    }
  })
})

const load = async (name: string, degrees = 0, widthPx = 400) =>
  decodePhoto(await sharp(`samples/${name}`).resize(widthPx).rotate(degrees).png().toBuffer())

describe.each(['yunet', 'scrfd'])('a photo that is turned without saying so, with %s', (name) => {
  const upright: Record<string, Promise<IdentifiedFace | undefined>> = {}
  const identifyUpright = (sample: string) => {
    upright[sample] ??= load(sample).then((photo) => engines[name]!.identify(photo))
    return upright[sample]
  }
  it.each([90, 180, 270])('by %s degrees shows the same person, at the same place', async (degrees) => {
    for (const sample of samples) {
      const upright = (await identifyUpright(sample))!
      const photo = await load(sample, degrees)
      const face = (await engines[name]!.identify(photo))!
      expect([sample, upright.turn, face.turn]).toEqual([sample, undefined, 360 - degrees])
      expect([sample, cosine(upright.embedding, face.embedding) > 0.9]).toEqual([sample, true])
      const { width, height } = await load(sample)
      const quarters = (degrees / 90) as 1 | 2 | 3
      const offBy = face.landmarks.map((point, k) => {
        const [x, y] = turnPointBack(point, quarters, { width, height })
        return Math.hypot(x - upright.landmarks[k]![0], y - upright.landmarks[k]![1])
      })
      expect([sample, Math.max(...offBy) < 0.05 * (upright.box[2] - upright.box[0])]).toEqual([sample, true])
    }
  })
})

describe('a photo that is upright', () => {
  const poor: [string, (photo: Sharp) => Sharp][] = [
    ['small', (photo) => photo.resize(90)],
    ['blurred', (photo) => photo.resize(400).blur(5)],
    ['dark', (photo) => photo.resize(400).linear(0.25, 0)],
    [
      'cut off in the middle of the face',
      (photo) => photo.resize(400).extract({ left: 0, top: 0, width: 190, height: 400 }),
    ],
    ['leaning by 25 degrees', (photo) => photo.resize(400).rotate(25, { background: 'white' })],
  ]
  it.each(poor)('stays as it is even if it is %s', async (_, worsen) => {
    for (const sample of samples) {
      const photo = await decodePhoto(
        await worsen(sharp(`samples/${sample}`))
          .png()
          .toBuffer(),
      )
      const [face] = await engines.yunet!.findFaces(photo)
      expect([sample, face?.turn]).toEqual([sample, undefined])
    }
  })

  it('has the same faces whether it may be turned or not', async () => {
    for (const sample of samples) {
      const photo = await decodePhoto(readFileSync(`samples/${sample}`))
      expect(await engines.yunet!.findFaces(photo)).toEqual(await engines.yunet!.findFaces(photo, { retry: false }))
    }
  })
})

it('a look without retries takes the photo as it is', async () => {
  const [face] = await engines.yunet!.findFaces(await load('male_26.jpg', 180), { retry: false })
  expect(face).toBeDefined()
  expect(face!.turn).toBeUndefined()
})
