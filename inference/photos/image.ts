import { createRequire } from 'node:module'
import sharp from 'sharp'
import type { Face } from '../faces/face.ts'
import type { RgbImage } from '../numeric/image.ts'
import { heicToTiff } from './heic.ts'
import { sniffPhotoFormat } from './photo-format.ts'

// A worker's photos are all different: libvips' cache would only hold memory.
sharp.cache(false)

export interface PhotoLimits {
  /** As sent. */
  readonly bytes: number
  /** Width times height. */
  readonly pixels: number
  /** Both sides. */
  readonly minSidePx: number
}

export const photoLimits: PhotoLimits = { bytes: 20 * 1024 * 1024, pixels: 50_000_000, minSidePx: 32 }

export interface DecodeOptions extends Partial<PhotoLimits> {
  /**
   * `managed` (default): an embedded ICC profile is converted to sRGB and transparency lies over white. `stored`: the
   * numbers as they are in the file, profile and transparency ignored, as OpenCV's imread reads them.
   */
  colours?: 'managed' | 'stored'
}

export type PhotoErrorType = 'photo_unreadable' | 'photo_unsupported' | 'photo_too_large' | 'photo_too_small'

/** A photo that cannot be taken; the message is for a person, the details for a program. */
export class PhotoError extends Error {
  override name = 'PhotoError'
  readonly type: PhotoErrorType
  readonly details: Readonly<Record<string, unknown>>
  constructor(type: PhotoErrorType, message: string, details: Record<string, unknown> = {}, cause?: unknown) {
    super(message, { cause })
    this.type = type
    this.details = details
  }
}

const formats = 'JPEG, PNG, WebP, AVIF, HEIC, GIF or TIFF'

const checkSize = (width: number, height: number, limits: PhotoLimits): void => {
  if (width * height > limits.pixels) {
    const message = `The photo has ${width}x${height} pixels; at most ${limits.pixels / 1e6} megapixels are allowed`
    throw new PhotoError('photo_too_large', message, { width, height, limitPixels: limits.pixels })
  }
  if (Math.min(width, height) < limits.minSidePx) {
    const message = `The photo has ${width}x${height} pixels; both sides need at least ${limits.minSidePx}`
    throw new PhotoError('photo_too_small', message, { width, height, minSidePx: limits.minSidePx })
  }
}

const unreadable = (cause: unknown): PhotoError =>
  new PhotoError('photo_unreadable', 'The photo is damaged and cannot be decoded', {}, cause)

// How the sRGB profiles of cameras and programs call themselves; variants with other curves have other names.
const srgbName = 'sRGB IEC61966-2'
const srgbNames = [Buffer.from(srgbName, 'latin1'), Buffer.from(srgbName, 'utf16le').swap16()]
const isSrgbProfile = (icc: Buffer | undefined): boolean => srgbNames.some((name) => icc?.includes(name))

/** Grey as three equal channels. */
const toThreeChannels = (data: Uint8Array, channels: number): Uint8Array => {
  if (channels === 3) return data
  const rgb = new Uint8Array((data.length / channels) * 3)
  for (let from = 0, to = 0; from < data.length; from += channels, to += 3) rgb.fill(data[from]!, to, to + 3)
  return rgb
}

/**
 * The pixels of a photo: the first frame, upright by its EXIF orientation.
 * Throws `PhotoError` where it is no photo, is damaged or exceeds the limits.
 */
export const decodePhoto = async (
  bytes: Uint8Array,
  { colours = 'managed', ...overrides }: DecodeOptions = {},
): Promise<RgbImage> => {
  const limits = { ...photoLimits, ...overrides }
  if (bytes.length > limits.bytes) {
    const message = `The photo has ${bytes.length} bytes; at most ${limits.bytes} are allowed`
    throw new PhotoError('photo_too_large', message, { bytes: bytes.length, limitBytes: limits.bytes })
  }
  const sniffed = sniffPhotoFormat(bytes)
  if (!sniffed.format) {
    const message = `The file is ${sniffed.seems}; send ${formats}`
    throw new PhotoError('photo_unsupported', message, { allowed: formats })
  }
  const options = { limitInputPixels: limits.pixels, failOn: 'error', sequentialRead: true, pages: 1 } as const
  const { width, height, icc } = await sharp(bytes, { ...options, limitInputPixels: false })
    .metadata()
    .catch((cause) => {
      throw unreadable(cause)
    })
  checkSize(width, height, limits)
  try {
    const managed = colours === 'managed'
    const source = sniffed.format === 'heic' ? await heicToTiff(bytes, icc, limits.pixels) : bytes
    // Most profiles are sRGB already: converting would cost as much as decoding and change values by rounding.
    const photo = sharp(source, { ...options, autoOrient: true, ignoreIcc: !managed || isSrgbProfile(icc) })
    const { data, info } = await (managed ? photo.flatten({ background: 'white' }) : photo.removeAlpha())
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    return { data: toThreeChannels(data, info.channels), width: info.width, height: info.height }
  } catch (cause) {
    throw unreadable(cause)
  }
}

const fromPixels = ({ data, width, height }: RgbImage) =>
  sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false })

/** Lossless, with no metadata. */
export const encodePng = (image: RgbImage, { compressionLevel = 6 } = {}): Promise<Uint8Array> =>
  fromPixels(image).png({ compressionLevel }).toBuffer()

/** `quality` in [1, 100]. */
export const encodeJpeg = (image: RgbImage, quality = 90): Promise<Uint8Array> =>
  fromPixels(image).jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer()

/** The picture with a box and the landmarks of every face, as PNG. */
export const drawFaces = (image: RgbImage, faces: readonly Pick<Face, 'box' | 'landmarks'>[]): Promise<Uint8Array> => {
  const stroke = Math.max(2, Math.round(Math.max(image.width, image.height) / 300))
  const shapes = faces.map(({ box: [x1, y1, x2, y2], landmarks }) => {
    const rect = `<rect x="${x1}" y="${y1}" width="${x2 - x1}" height="${y2 - y1}" fill="none" stroke="#12a594" stroke-width="${stroke}"/>`
    const points = landmarks.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="${stroke * 1.2}" fill="#f76b15"/>`)
    return rect + points.join('')
  })
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${image.width}" height="${image.height}">${shapes.join('')}</svg>`
  return fromPixels(image)
    .composite([{ input: Buffer.from(svg) }])
    .png()
    .toBuffer()
}

// Text must come out on a machine without fonts too.
const fontfile = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')
const cellPx = 256
const gapPx = 16
const lineHeightPx = 22
const ink = '#1c2024'
const paleInk = '#60646c'

const escapeMarkup = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const renderLine = (text: string, color: string) => {
  const markup = `<span foreground="${color}">${escapeMarkup(text)}</span>`
  return sharp({ text: { text: markup, font: 'DejaVu Sans 10', fontfile, rgba: true, dpi: 96 } })
    .png()
    .toBuffer()
}

export interface SheetCell {
  image: RgbImage
  /** Lines under the picture. */
  caption: readonly string[]
}

/** One JPEG of several pictures in a grid, each with its caption. */
export const contactSheet = async (cells: readonly SheetCell[], { columns = 6 } = {}): Promise<Uint8Array> => {
  const perRow = Math.min(columns, cells.length)
  const lines = Math.max(...cells.map(({ caption }) => caption.length))
  const rowPx = cellPx + 8 + lines * lineHeightPx + gapPx
  const layers = await Promise.all(
    cells.map(async ({ image, caption }, index) => {
      const left = gapPx + (index % perRow) * (cellPx + gapPx)
      const top = gapPx + Math.floor(index / perRow) * rowPx
      const kernel = image.width < cellPx ? 'cubic' : 'lanczos3'
      const picture = fromPixels(image).resize(cellPx, cellPx, { fit: 'contain', background: '#f0f0f3', kernel })
      const texts = await Promise.all(
        caption.map(async (line, k) => ({
          input: await renderLine(line, k === 0 ? ink : paleInk),
          left,
          top: top + cellPx + 8 + k * lineHeightPx,
        })),
      )
      return [{ input: await picture.png().toBuffer(), left, top }, ...texts]
    }),
  )
  const width = gapPx + perRow * (cellPx + gapPx)
  const height = gapPx + Math.ceil(cells.length / perRow) * rowPx
  return sharp({ create: { width, height, channels: 3, background: 'white' } })
    .composite(layers.flat())
    .jpeg({ quality: 92, chromaSubsampling: '4:4:4' })
    .toBuffer()
}
