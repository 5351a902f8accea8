import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../../../contracts/limits.ts'
import { loadBundle } from '../../../inference/bundle.ts'
import { createFaceEngine, type FaceEngine } from '../../../inference/engine/face-engine.ts'
import { faceModels } from '../../../inference/engine/face-models.ts'
import { cosine } from '../../../inference/numeric/identity.ts'
import { decodePhoto, pictureDecoded } from '../../../inference/photos/decode.ts'
import { PhotoError } from '../../../inference/photos/photo-error.ts'
import { patchTiff } from '../../support/patch-tiff.ts'

const sizePx = 256
const portrait = () => sharp('samples/male_26.jpg').resize(sizePx, sizePx)
const fixture = (name: string) => readFileSync(`test/fixtures/photos/${name}`)
const tiff = (channels: 3 | 4 = 3) =>
  (channels === 4 ? portrait().ensureAlpha(0) : portrait()).tiff({ compression: 'lzw' }).toBuffer()

let engine: FaceEngine
let reference: Float32Array
const embed = async (photo: Uint8Array): Promise<Float32Array> => {
  const face = await engine.identify(await decodePhoto(photo), { retry: false })
  if (!face) throw new Error('No face was found')
  return face.embedding
}
const likeness = async (photo: Uint8Array): Promise<number> => cosine(await embed(photo), reference)

beforeAll(async () => {
  engine = createFaceEngine({ models: faceModels(await loadBundle('models/demo')) })
  reference = await embed(await portrait().png().toBuffer())
})
afterAll(() => engine.close())

const refusal = async (photo: Uint8Array): Promise<PhotoError> => {
  const decoded = await decodePhoto(photo).catch((error: unknown) => error)
  if (decoded instanceof PhotoError) return decoded
  throw new Error('It was decoded', { cause: decoded })
}

/** The segments of a JPEG from the last start of scan on, without the end marker. */
const lastScan = (jpeg: Buffer): Buffer => jpeg.subarray(jpeg.lastIndexOf(Buffer.of(0xff, 0xda)), -2)
const endMarker = Buffer.of(0xff, 0xd9)

const frameAt = (jpeg: Buffer): number =>
  Math.max(jpeg.indexOf(Buffer.of(0xff, 0xc0)), jpeg.indexOf(Buffer.of(0xff, 0xc2)))

describe('a sound photo is decoded', () => {
  it.each([false, true])('if only the end marker of a JPEG is missing (progressive: %s)', async (progressive) => {
    const jpeg = await portrait().jpeg({ quality: 95, progressive }).toBuffer()
    expect(await likeness(jpeg.subarray(0, -2))).toBeGreaterThan(0.97)
    expect(await likeness(jpeg.subarray(0, -1))).toBeGreaterThan(0.97)
  })

  it.each([false, true])('but not if a JPEG lacks data before its end (progressive: %s)', async (progressive) => {
    const jpeg = await portrait().jpeg({ quality: 95, progressive }).toBuffer()
    const beforeLastScan = jpeg.subarray(0, jpeg.lastIndexOf(Buffer.of(0xff, 0xda)))
    for (const cut of [jpeg.subarray(0, -40), jpeg.subarray(0, jpeg.length / 2), beforeLastScan]) {
      expect(await refusal(cut)).toMatchObject({ type: 'photo_unreadable' })
    }
  })

  it('as its first frame if it is an animated AVIF', async () => {
    expect(await likeness(fixture('avif-animated.avif'))).toBeGreaterThan(0.9)
  })

  it('if it is a BigTIFF', async () => {
    expect(await likeness(await portrait().tiff({ bigtiff: true, compression: 'lzw' }).toBuffer())).toBeGreaterThan(
      0.999,
    )
  })

  it('if a further channel of a TIFF is not transparency', async () => {
    const saved = patchTiff(await tiff(4), 338, 0)
    expect(await likeness(saved)).toBeGreaterThan(0.999)
    const { data } = await decodePhoto(await tiff(4))
    expect(data.every((value) => value === 255)).toBe(true)
  })

  it('upright if only the EXIF data of a HEIC say how', async () => {
    expect(await decodePhoto(fixture('heic-exif-orientation-only.heic'))).toMatchObject({ width: 400, height: 320 })
    expect(await likeness(fixture('heic-exif-orientation-only.heic'))).toBeGreaterThan(0.9)
  })

  it('with its colours converted if its profile only calls itself sRGB', async () => {
    const named = fixture('png-linear-profile-named-srgb.png')
    expect((await sharp(named).metadata()).icc?.includes('sRGB IEC61966-2')).toBe(true)
    const [managed, stored] = [await decodePhoto(named), await decodePhoto(named, { colours: 'stored' })]
    expect(managed.data).not.toEqual(stored.data)
    const plain = await sharp('samples/male_26.jpg').resize(200, 200).png().toBuffer()
    expect(cosine(await embed(named), await embed(plain))).toBeGreaterThan(0.97)
  })

  it('over white if the first frame of a GIF is smaller than its screen', async () => {
    const gif = await portrait().gif().toBuffer()
    gif.writeUInt16LE(sizePx + 100, 6)
    gif.writeUInt16LE(sizePx + 50, 8)
    const { data, width, height } = await decodePhoto(gif)
    expect([width, height]).toEqual([sizePx + 100, sizePx + 50])
    const pixel = (x: number, y: number) => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)]
    expect([pixel(sizePx, 0), pixel(width - 1, sizePx - 1), pixel(0, sizePx)]).toEqual(Array(3).fill([255, 255, 255]))
    expect(pixel(sizePx - 1, sizePx - 1)).not.toEqual([255, 255, 255])
    expect(await likeness(gif)).toBeGreaterThan(0.9)
  })
})

describe('a kind that is not supported is named', () => {
  const patched = (tag: number, value: number) => async () => patchTiff(await tiff(), tag, value)
  it.each<[kind: RegExp, make: () => Promise<Buffer>]>([
    [
      /JPEG with 12 bits per sample/,
      async () => {
        const jpeg = await portrait().jpeg().toBuffer()
        jpeg[frameAt(jpeg) + 4] = 12
        return jpeg
      },
    ],
    [
      /lossless JPEG/,
      async () => {
        const jpeg = await portrait().jpeg().toBuffer()
        jpeg[frameAt(jpeg) + 1] = 0xc3
        return jpeg
      },
    ],
    [/TIFF with CIELab colours/, patched(262, 8)],
    [/camera's raw data/, patched(262, 32803)],
    [/photometric interpretation 4/, patched(262, 4)],
    [/TIFF with floating-point samples/, async () => patchTiff(await tiff(), 339, 3)],
    [/TIFF with 32 bits per sample/, patched(258, 32)],
    // What a raw file's first directory has and an ordinary TIFF has not: its version, or that it is a preview.
    [/raw file \(DNG\)/, async () => patchTag(await tiff(), 284, 50706)],
    [/begins with a small preview/, async () => patchTag(await tiff(), 284, 254)],
    [/JPEG XL/, async () => Buffer.concat([Buffer.of(0xff, 0x0a), Buffer.alloc(100)])],
    [/BMP/, async () => Buffer.concat([Buffer.from('BM'), Buffer.alloc(100)])],
  ])('%s', async (kind, make) => {
    const { type, message } = await refusal(await make())
    expect([type, message]).toEqual(['photo_unsupported', expect.stringMatching(kind)])
  })
})

/** Renames a tag of a TIFF's first directory. */
const patchTag = (file: Buffer, from: number, to: number): Buffer => {
  const directory = file.readUInt32LE(4)
  for (let k = 0; k < file.readUInt16LE(directory); k++) {
    const at = directory + 2 + 12 * k
    if (file.readUInt16LE(at) === from) file.writeUInt16LE(to, at)
  }
  return file
}

describe('the work that a photo makes', () => {
  it('is bounded: a JPEG with more scans than any program writes is refused before it is decoded', async () => {
    const jpeg = await portrait().jpeg({ progressive: true }).toBuffer()
    const repeat = (times: number) =>
      Buffer.concat([jpeg.subarray(0, -2), ...Array<Buffer>(times).fill(lastScan(jpeg)), endMarker])
    let decoded = 0
    const count = () => {
      decoded += 1
    }
    pictureDecoded.subscribe(count)
    const { type, details } = await refusal(repeat(2600))
    expect([type, details.limitScans]).toEqual(['photo_too_large', limits.photoScans])
    expect(details.scans).toBeGreaterThan(2600)
    expect(decoded).toBe(0)
    pictureDecoded.unsubscribe(count)
    await expect(decodePhoto(jpeg)).resolves.toMatchObject({ width: sizePx })
  })
})
