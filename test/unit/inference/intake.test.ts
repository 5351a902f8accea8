import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import type { RgbImage } from '../../../inference/numeric/image.ts'
import { decodePhoto } from '../../../inference/photos/decode.ts'
import { PhotoError } from '../../../inference/photos/photo-error.ts'

const portrait = readFileSync('samples/male_26.jpg')
const small = () => sharp(portrait).resize(96, 64, { fit: 'fill' })
const seeded = (seed: number) => () => {
  // mulberry32
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}

let files: Record<string, Buffer>
beforeAll(async () => {
  files = {
    jpeg: await small().jpeg().toBuffer(),
    progressive: await small().jpeg({ progressive: true }).toBuffer(),
    png: await small().png().toBuffer(),
    'png with alpha': await small().ensureAlpha(0.5).png().toBuffer(),
    'png of 16 bits': await small().toColourspace('rgb16').png().toBuffer(),
    'grey png': await small().greyscale().png().toBuffer(),
    webp: await small().webp().toBuffer(),
    avif: await small().avif({ effort: 0 }).toBuffer(),
    gif: await small().gif().toBuffer(),
    tiff: await small().tiff().toBuffer(),
    heic: readFileSync('test/fixtures/photos/portrait.heic'),
    'cmyk jpeg': await small().toColourspace('cmyk').jpeg().toBuffer(),
  }
})

const difference = (a: RgbImage, b: RgbImage) =>
  a.data.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b.data[i]!)), 0)
const meanDifference = (a: RgbImage, b: RgbImage) =>
  a.data.reduce((sum, value, i) => sum + Math.abs(value - b.data[i]!), 0) / a.data.length

const failure = async (bytes: Uint8Array, limits = {}): Promise<PhotoError> => {
  try {
    await decodePhoto(bytes, limits)
  } catch (error) {
    if (error instanceof PhotoError) return error
    throw error
  }
  throw new Error('it was decoded')
}

describe('photos', () => {
  it('of every format come out as upright sRGB', async () => {
    for (const [name, bytes] of Object.entries(files)) {
      const { data, width, height } = await decodePhoto(bytes)
      expect([name, width, height, data.length]).toEqual([name, 96, 64, 96 * 64 * 3])
    }
  })

  it('are turned by their EXIF orientation', async () => {
    expect(await decodePhoto(await small().withMetadata({ orientation: 6 }).jpeg().toBuffer())).toMatchObject({
      width: 64,
      height: 96,
    })
  })

  it('lie over white where they are transparent', async () => {
    const clear = {
      create: { width: 40, height: 40, channels: 4 as const, background: { r: 9, g: 9, b: 9, alpha: 0 } },
    }
    const { data } = await decodePhoto(await sharp(clear).png().toBuffer())
    expect(data.every((value) => value === 255)).toBe(true)
  })

  it('are converted from their ICC profile', async () => {
    const wide = await small().withIccProfile('p3').png().toBuffer()
    const managed = await decodePhoto(wide)
    const stored = await decodePhoto(wide, { colours: 'stored' })
    expect(managed.data).not.toEqual(stored.data)
  })

  it('are converted from the ICC profile of a HEIC file', async () => {
    const bytes = readFileSync('test/fixtures/photos/portrait-p3.heic')
    const untagged = await decodePhoto(readFileSync('test/fixtures/photos/portrait.heic'))
    const stored = await decodePhoto(bytes, { colours: 'stored' })
    const managed = await decodePhoto(bytes)
    expect(stored.data).toEqual(untagged.data)
    expect(managed.data).not.toEqual(stored.data)
  })

  it('keep their values where the profile is sRGB', async () => {
    const tagged = await small().withIccProfile('srgb').png().toBuffer()
    expect(difference(await decodePhoto(tagged), await decodePhoto(files.png!))).toBeLessThan(3)
  })

  it('look alike in every format', async () => {
    const reference = await decodePhoto(files.png!)
    const exact = new Set(['png', 'png of 16 bits'])
    for (const name of [
      'png',
      'png of 16 bits',
      'tiff',
      'jpeg',
      'progressive',
      'webp',
      'avif',
      'heic',
      'gif',
      'cmyk jpeg',
    ]) {
      const mean = meanDifference(await decodePhoto(files[name]!), reference)
      expect([name, mean < (exact.has(name) ? 0.6 : 12)]).toEqual([name, true])
    }
  })
})

describe('what is no photo', () => {
  it.each([
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"/>'],
    ['SVG after an XML declaration', '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['PDF', '%PDF-1.7 something'],
    ['web page', '<!doctype html><html></html>'],
    ['text', 'just some text'],
    ['nothing', ''],
  ])('is refused by its content: %s', async (_, text) => {
    expect(await failure(new TextEncoder().encode(text))).toMatchObject({ type: 'photo_unsupported' })
  })

  it('is refused with the limit that it breaks', async () => {
    expect(await failure(files.png!, { bytes: 100 })).toMatchObject({
      type: 'photo_too_large',
      details: { limitBytes: 100 },
    })
    expect(await failure(files.png!, { pixels: 1000 })).toMatchObject({
      type: 'photo_too_large',
      details: { limitPixels: 1000 },
    })
    const narrow = await sharp(portrait).resize(200, 20, { fit: 'fill' }).png().toBuffer()
    expect(await failure(narrow)).toMatchObject({ type: 'photo_too_small', details: { minSidePx: 32 } })
  })

  it('is refused from its header where it would take gigabytes', async () => {
    const bomb = await sharp({ create: { width: 16_000, height: 16_000, channels: 3, background: 'red' } })
      .png({ compressionLevel: 9 })
      .toBuffer()
    const before = process.memoryUsage().rss
    expect(await failure(bomb)).toMatchObject({ type: 'photo_too_large', details: { width: 16_000, height: 16_000 } })
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6)
  })
})

it('never fails but with a typed error: 2,220 truncated and damaged files', async () => {
  const random = seeded(1)
  const outcomes: Record<string, number> = {}
  let peak = 0
  for (const [name, bytes] of Object.entries(files)) {
    // Each HEIC starts a thread.
    const count = name === 'heic' ? 20 : 200
    for (let k = 0; k < count; k++) {
      const damaged = Buffer.from(k % 2 ? bytes : bytes.subarray(0, Math.floor((bytes.length * k) / count)))
      if (k % 2)
        for (let flips = 0; flips < 1 + k / 20; flips++) {
          const at = Math.floor(random() * damaged.length)
          damaged[at] = damaged[at]! ^ (1 << Math.floor(random() * 8))
        }
      const outcome = await decodePhoto(damaged).then(
        () => 'decoded',
        (error) => (error instanceof PhotoError ? error.type : String(error)),
      )
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      peak = Math.max(peak, process.memoryUsage().rss)
    }
  }
  console.log(`damaged files: ${JSON.stringify(outcomes)}, peak memory ${Math.round(peak / 1e6)} MB`)
  const known = ['decoded', 'photo_unreadable', 'photo_unsupported', 'photo_too_large', 'photo_too_small']
  expect(Object.keys(outcomes).filter((outcome) => !known.includes(outcome))).toEqual([])
  expect(Object.values(outcomes).reduce((a, b) => a + b)).toBe(2220)
  expect(outcomes.photo_unreadable).toBeGreaterThan(500)
})
