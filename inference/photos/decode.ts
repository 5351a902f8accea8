import { channel } from 'node:diagnostics_channel'
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

const strict = { failOn: 'error', sequentialRead: true, pages: 1 } as const

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

/** Gets a message for every picture that is decoded, so that tests and measurements can count. */
export const pictureDecoded = channel('idem:picture-decoded')

interface ReadOptions {
  /** Not an embedded profile, but the numbers as they are. */
  ignoreIcc: boolean
  /** Transparency lies over white; it is dropped otherwise. */
  overWhite: boolean
  limitPixels: number | false
}

const readPixels = async (source: Uint8Array, options: ReadOptions): Promise<RgbImage> => {
  const { ignoreIcc, overWhite, limitPixels } = options
  const photo = sharp(source, { ...strict, limitInputPixels: limitPixels, autoOrient: true, ignoreIcc })
  const { data, info } = await (overWhite ? photo.flatten({ background: 'white' }) : photo.removeAlpha())
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    // A buffer that can be moved to a thread: those of `toBuffer` cannot.
    .toUint8Array()
  const { width, height, channels } = info
  pictureDecoded.publish({ width, height })
  return { data: toThreeChannels(data, channels), width, height }
}

/** A photo whose header has been read. */
export interface OpenPhoto {
  /** As stored: the upright photo may have them the other way round. */
  readonly width: number
  readonly height: number
  /** The pixels: the first frame, upright by its EXIF orientation. Throws `PhotoError` if the photo is damaged. */
  decode(): Promise<RgbImage>
}

/** Reads a photo's header. Throws `PhotoError` if it is not a photo, is damaged or exceeds the limits. */
export const openPhoto = async (
  bytes: Uint8Array,
  { colours = 'managed', ...overrides }: DecodeOptions = {},
): Promise<OpenPhoto> => {
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
  const { width, height, icc } = await sharp(bytes, { ...strict, limitInputPixels: false })
    .metadata()
    .catch((cause) => {
      throw unreadable(cause)
    })
  checkSize(width, height, limits)
  return {
    width,
    height,
    decode: async () => {
      try {
        const managed = colours === 'managed'
        const source = sniffed.format === 'heic' ? await heicToTiff(bytes, icc, limits.pixels) : bytes
        // Most profiles are sRGB already: converting would cost as much as decoding and change values by rounding.
        const ignoreIcc = !managed || isSrgbProfile(icc)
        return await readPixels(source, { ignoreIcc, overWhite: managed, limitPixels: limits.pixels })
      } catch (cause) {
        throw unreadable(cause)
      }
    },
  }
}

/**
 * The pixels of a photo: the first frame, upright by its EXIF orientation.
 * Throws `PhotoError` if it is not a photo, is damaged or exceeds the limits.
 */
export const decodePhoto = async (bytes: Uint8Array, options: DecodeOptions = {}): Promise<RgbImage> =>
  (await openPhoto(bytes, options)).decode()

/**
 * The pixels of a PNG that `encodePng` made. The limits are for what is sent: losslessly stored, a photo of few bytes may
 * take many times as many.
 */
export const decodeStored = (png: Uint8Array): Promise<RgbImage> =>
  readPixels(png, { ignoreIcc: true, overWhite: false, limitPixels: false }).catch((cause) => {
    throw new Error('A stored picture cannot be decoded', { cause })
  })
