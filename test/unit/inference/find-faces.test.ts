import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadBundle } from '../../../inference/bundle.ts'
import { createFaceEngine, type FaceEngine } from '../../../inference/engine/face-engine.ts'
import { type FaceModels, faceModels } from '../../../inference/engine/face-models.ts'
import { detectors } from '../../../inference/faces/detectors/index.ts'
import { createRecogniser } from '../../../inference/faces/recogniser.ts'
import { cosine } from '../../../inference/numeric/identity.ts'
import type { RgbImage } from '../../../inference/numeric/image.ts'
import { decodePhoto } from '../../../inference/photos/decode.ts'

const scrfdFile = (name: string) => `test/fixtures/scrfd/scrfd_${name}_bnkps.onnx`
let models: FaceModels
const engines: Record<string, FaceEngine> = {}

beforeAll(async () => {
  models = faceModels(await loadBundle('models/demo'))
  for (const name of ['500m', '2.5g']) {
    const detector = { kind: 'scrfd', ...detectors.scrfd.defaults, file: scrfdFile(name) }
    engines[`scrfd_${name}`] = createFaceEngine({ models: { ...models, detector } })
  }
  engines.yunet = createFaceEngine({ models })
})
afterAll(() => Promise.all(Object.values(engines).map((engine) => engine.close())))

const cut = ({ data, width }: RgbImage, [x1, y1, x2, y2]: readonly [number, number, number, number]): RgbImage => {
  const rows = Array.from({ length: y2 - y1 }, (_, y) =>
    data.subarray(((y1 + y) * width + x1) * 3, ((y1 + y) * width + x2) * 3),
  )
  return { data: new Uint8Array(Buffer.concat(rows)), width: x2 - x1, height: y2 - y1 }
}

describe('a face that fills the photo', () => {
  it.each(['yunet', 'scrfd_500m', 'scrfd_2.5g'])('is found at its place by a second look of %s', async (name) => {
    const engine = engines[name]!
    for (const file of ['male_26', 'female_34', 'male_83', 'female_91']) {
      const photo = await decodePhoto(readFileSync(`samples/${file}.jpg`))
      const [whole] = await engine.analyse(photo)
      const box = whole!.box.map(Math.round) as [number, number, number, number]
      const [face] = await engine.analyse(cut(photo, box))
      expect([file, face !== undefined]).toEqual([file, true])
      const size = box[2] - box[0]
      const offBy = face!.landmarks.map(([x, y], k) =>
        Math.hypot(x + box[0] - whole!.landmarks[k]![0], y + box[1] - whole!.landmarks[k]![1]),
      )
      expect([file, Math.max(...offBy) < size * 0.06]).toEqual([file, true])
      expect([file, cosine(face!.embedding, whole!.embedding) > 0.7]).toEqual([file, true])
    }
  })

  it('is missed by one look of scrfd_500m', async () => {
    const photo = await decodePhoto(readFileSync('samples/female_34.jpg'))
    const [whole] = await engines.scrfd_500m!.findFaces(photo)
    const box = whole!.box.map(Math.round) as [number, number, number, number]
    expect(await engines.scrfd_500m!.findFaces(cut(photo, box), { retry: false })).toEqual([])
  })
})

describe('a photo without a face', () => {
  it.each(['yunet', 'scrfd_500m', 'scrfd_2.5g'])('has none at any size for %s', async (name) => {
    const gradient = {
      data: Uint8Array.from({ length: 400 * 300 * 3 }, (_, i) => (i / 1200) & 255),
      width: 400,
      height: 300,
    }
    expect(await engines[name]!.findFaces(gradient)).toEqual([])
  })
})

describe('the face engine', () => {
  it('answers many calls at once as it answers one', async () => {
    const photo = await decodePhoto(readFileSync('samples/male_26.jpg'))
    const engine = engines.yunet!
    const alone = await engine.analyse(photo)
    for (const faces of await Promise.all(Array.from({ length: 6 }, () => engine.analyse(photo)))) {
      expect(faces).toEqual(alone)
    }
  })

  it('says which file is no such network', async () => {
    const wrong = createFaceEngine({
      models: { ...models, detector: { kind: 'yunet', ...detectors.yunet.defaults, file: scrfdFile('500m') } },
    })
    const photo = await decodePhoto(readFileSync('samples/male_26.jpg'))
    await expect(wrong.findFaces(photo)).rejects.toThrow(/scrfd_500m_bnkps\.onnx is not a YuNet network/)
    await wrong.close()
  })

  it('refuses landmarks that coincide', async () => {
    const recogniser = await createRecogniser(models.recogniser)
    const photo = await decodePhoto(readFileSync('samples/male_26.jpg'))
    const landmarks = Array.from({ length: 5 }, () => [1, 1] as const)
    expect(() => recogniser.align(photo, landmarks)).toThrow('do not span a face')
    await recogniser.release()
  })

  it('refuses crops of another size', async () => {
    const photo = await decodePhoto(readFileSync('samples/male_26.jpg'))
    await expect(engines.yunet!.embed(photo)).rejects.toThrow('112x112')
  })

  it('identifies a photo in one call as in several', async () => {
    const photo = await decodePhoto(readFileSync('samples/male_26.jpg'))
    const engine = engines.yunet!
    const [largest] = await engine.analyse(photo)
    const identified = await engine.identify(photo)
    const cropped = await engine.cropFace(photo, { selection: 'largest', minFaceSizePx: 0 })
    if (!identified || !cropped.face) throw new Error('no face was found')
    expect(cropped.crop).toEqual(identified.crop)
    expect(cropped.faces).toBe(1)
    const { crop: _, ...face } = identified
    expect(face).toEqual(largest)
    expect({ ...cropped.face, embedding: await engine.embed(cropped.crop) }).toEqual(largest)
  })

  it('takes over the pixels of a photo if it may, and copies them otherwise', async () => {
    const engine = engines.yunet!
    const photo = await decodePhoto(readFileSync('samples/male_26.jpg'))
    const bytes = photo.data.length
    const wanted = await engine.identify(photo)
    expect(photo.data).toHaveLength(bytes)
    expect(await engine.identify(photo, { transfer: true })).toEqual(wanted)
    expect(photo.data).toHaveLength(0)
    await expect(engine.identify(photo)).rejects.toThrow('transferred before')
  })

  it('copies a photo that is part of a larger buffer', async () => {
    const photo = await decodePhoto(readFileSync('samples/male_26.jpg'))
    const data = new Uint8Array(photo.data.length + 1).subarray(1)
    data.set(photo.data)
    const wanted = await engines.yunet!.identify(photo)
    expect(await engines.yunet!.identify({ ...photo, data }, { transfer: true })).toEqual(wanted)
    expect(data).toHaveLength(photo.data.length)
  })
})
