import { limits } from '../../contracts/limits.ts'
import type { RgbImage } from '../numeric/image.ts'
import { heicToTiff } from './heic.ts'
import { PhotoError } from './photo-error.ts'
import { sniffPhotoFormat } from './photo-format.ts'
import { sharp } from './sharp.ts'

export interface PhotoLimits {
  /** As sent. */
  readonly bytes: number
  /** Width times height. */
  readonly pixels: number
  /** Both sides. */
  readonly minSidePx: number
}

export const photoLimits: PhotoLimits = {
  bytes: limits.photoBytes,
  pixels: limits.photoPixels,
  minSidePx: limits.photoMinSidePx,
}

export interface DecodeOptions extends Partial<PhotoLimits> {
  /**
   * `managed` (default): an embedded ICC profile is converted to sRGB and transparency lies over white. `stored`: the
   * numbers as they are in the file, profile and transparency ignored, as OpenCV's imread reads them.
   */
  colours?: 'managed' | 'stored'
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
