import { channel } from 'node:diagnostics_channel'
import { limits } from '../../contracts/limits.ts'
import type { RgbImage } from '../numeric/image.ts'
import { readExifOrientation, turnByOrientation } from './exif-orientation.ts'
import { heicToTiff } from './heic.ts'
import { isSrgbProfile } from './icc-profile.ts'
import { inspectPhoto } from './inspect.ts'
import { PhotoError } from './photo-error.ts'
import { type PhotoFormat, sniffPhotoFormat } from './photo-format.ts'
import { whitenOutside } from './rectangle.ts'
import { sharp } from './sharp.ts'

export interface PhotoLimits {
  /** As sent. */
  readonly bytes: number
  /** Width times height. */
  readonly pixels: number
  /** Both sides. */
  readonly minSidePx: number
  /** Of a progressive JPEG: each goes over the whole picture, and may be a few bytes. */
  readonly scans: number
}

export const photoLimits: PhotoLimits = {
  bytes: limits.photoBytes,
  pixels: limits.photoPixels,
  minSidePx: limits.photoMinSidePx,
  scans: limits.photoScans,
}

export interface DecodeOptions extends Partial<PhotoLimits> {
  /**
   * `managed` (default): an embedded ICC profile is converted to sRGB and transparency lies over white. `stored`: the
   * numbers as they are in the file, profile and transparency ignored, as OpenCV's imread reads them.
   */
  colours?: 'managed' | 'stored'
}

const reading = { failOn: 'error', sequentialRead: true, pages: 1 } as const

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

const unsupported = (kind: string, cause?: unknown): PhotoError => {
  const message = `The photo is ${kind}, which is not supported; send it as JPEG or PNG`
  return new PhotoError('photo_unsupported', message, { kind, allowed: formats }, cause)
}

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
  /** Warnings are errors. */
  strict?: boolean
  /** By EXIF data that the decoder ignores. */
  orientation?: number
}

const readPixels = async (source: Uint8Array, options: ReadOptions): Promise<RgbImage> => {
  const { ignoreIcc, overWhite, limitPixels, strict, orientation } = options
  const failOn = strict ? 'warning' : reading.failOn
  const photo = sharp(source, { ...reading, failOn, limitInputPixels: limitPixels, autoOrient: true, ignoreIcc })
  const turned = orientation === undefined ? photo : turnByOrientation(photo, orientation)
  const { data, info } = await (overWhite ? turned.flatten({ background: 'white' }) : turned.removeAlpha())
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    // A buffer that can be moved to a thread: those of `toBuffer` cannot.
    .toUint8Array()
  const { width, height, channels } = info
  pictureDecoded.publish({ width, height })
  return { data: toThreeChannels(data, channels), width, height }
}

/** The format of a file that is within the limit on bytes. Throws `PhotoError`. */
const checkFormat = (bytes: Uint8Array, limits: PhotoLimits): PhotoFormat => {
  if (bytes.length > limits.bytes) {
    const message = `The photo has ${bytes.length} bytes; at most ${limits.bytes} are allowed`
    throw new PhotoError('photo_too_large', message, { bytes: bytes.length, limitBytes: limits.bytes })
  }
  const sniffed = sniffPhotoFormat(bytes)
  if (sniffed.format) return sniffed.format
  const message = `The file is ${sniffed.seems}; send ${formats}`
  throw new PhotoError('photo_unsupported', message, { kind: sniffed.seems, allowed: formats })
}

/** A photo whose header has been read. */
export interface OpenPhoto {
  /** As stored: the upright photo may have them the other way round. */
  readonly width: number
  readonly height: number
  /** The pixels: the first frame, upright by its EXIF orientation. Throws `PhotoError` if the photo is damaged. */
  decode(): Promise<RgbImage>
}

/**
 * Reads a photo's header. Throws `PhotoError` if it is not a photo, is of a kind that is not supported, is damaged or
 * exceeds the limits.
 */
export const openPhoto = async (
  bytes: Uint8Array,
  { colours = 'managed', ...overrides }: DecodeOptions = {},
): Promise<OpenPhoto> => {
  const limits = { ...photoLimits, ...overrides }
  const format = checkFormat(bytes, limits)
  const found = inspectPhoto(format, bytes)
  if (found.unsupported) throw unsupported(found.unsupported)
  const { scans = 1, unsupportedIfItFails: kind } = found
  if (scans > limits.scans) {
    const message = `The photo is a JPEG of ${scans} scans; at most ${limits.scans} are allowed. Save it again to send it`
    throw new PhotoError('photo_too_large', message, { scans, limitScans: limits.scans })
  }
  const failed = (cause: unknown): PhotoError => (kind ? unsupported(kind, cause) : unreadable(cause))
  const sound = found.bytes ?? bytes
  const { width, height, icc, exif } = await sharp(sound, { ...reading, limitInputPixels: false })
    .metadata()
    .catch((cause) => {
      throw failed(cause)
    })
  checkSize(width, height, limits)
  const managed = colours === 'managed'
  const decode = async (): Promise<RgbImage> => {
    const image = await readPixels(format === 'heic' ? await heicToTiff(sound, icc, limits.pixels) : sound, {
      ignoreIcc: !managed || (icc !== undefined && isSrgbProfile(icc)),
      overWhite: managed && !found.dropExtraChannels,
      limitPixels: limits.pixels,
      ...(found.strict && { strict: true }),
      ...(found.turnByExif && exif && { orientation: readExifOrientation(exif) }),
    })
    // As the rest of a picture that is transparent there.
    if (managed && found.frame) whitenOutside(image, found.frame)
    return image
  }
  return {
    width,
    height,
    decode: () =>
      decode().catch((cause) => {
        throw failed(cause)
      }),
  }
}

/**
 * The pixels of a photo: the first frame, upright by its EXIF orientation.
 * Throws `PhotoError` if it is not a photo, is of a kind that is not supported, is damaged or exceeds the limits.
 *
 * @example
 * const { data, width, height } = await decodePhoto(await readFile('portrait.jpg'))
 */
export const decodePhoto = async (bytes: Uint8Array, options: DecodeOptions = {}): Promise<RgbImage> =>
  (await openPhoto(bytes, options)).decode()

/**
 * The pixels of a PNG that `encodePng` made. The limits are for what is sent: losslessly stored, a photo of few bytes may
 * take many times as many.
 */
export const decodeStored = (png: Uint8Array): Promise<RgbImage> =>
  readPixels(png, { ignoreIcc: true, overWhite: false, limitPixels: false }).catch((cause) => {
    throw new Error('A stored image cannot be decoded', { cause })
  })
