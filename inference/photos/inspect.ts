import { readGifFrame } from './gif-frame.ts'
import { isOrientedByFile } from './heif-orientation.ts'
import { readJpegHeader } from './jpeg-header.ts'
import type { PhotoFormat } from './photo-format.ts'
import type { Rectangle } from './rectangle.ts'
import { readTiffDirectory, type TiffDirectory } from './tiff-directory.ts'

/** What a file's headers say of how it must be decoded. */
export interface Inspection {
  /** The bytes to decode, if not the file's own. */
  readonly bytes?: Uint8Array
  /** A phrase for a sound file of a kind that is not decoded, or not without doubt about its pixels. */
  readonly unsupported?: string
  /** The same, for a file that may be decoded all the same. */
  readonly unsupportedIfItFails?: string
  /** The decoder's warnings are errors. */
  readonly strict?: boolean
  /** How often the decoder goes over the picture. */
  readonly scans?: number
  /** Channels beside the colours are not transparency. */
  readonly dropExtraChannels?: boolean
  /** Where the picture lies on its screen. */
  readonly frame?: Rectangle
  /** The picture is turned as its EXIF data say, which the decoder leaves to us. */
  readonly turnByExif?: boolean
}

// ITU-T T.81, table B.1: frames that are neither baseline, extended nor progressive.
const jpegCodings: Record<number, string | undefined> = {
  195: 'a lossless JPEG',
  197: 'a hierarchical JPEG',
  198: 'a hierarchical JPEG',
  199: 'a hierarchical JPEG',
  203: 'a lossless JPEG',
  205: 'a hierarchical JPEG',
  206: 'a hierarchical JPEG',
  207: 'a hierarchical JPEG',
  247: 'a JPEG-LS picture',
}

const jpeg = (bytes: Uint8Array): Inspection => {
  const { coding = 0, bitsPerSample, scans, ended, complete } = readJpegHeader(bytes)
  if (jpegCodings[coding]) return { unsupported: jpegCodings[coding] }
  if (bitsPerSample !== 8) return { unsupported: `a JPEG with ${bitsPerSample} bits per sample` }
  if (ended || !complete) return { scans }
  // Only the end marker may be missing: the decoder warns if data are, which fails when it is strict.
  return { scans, bytes: Buffer.concat([bytes, Buffer.of(0xff, 0xd9)]), strict: true }
}

// TIFF 6.0, and the tags of DNG 1.7.
const tags = {
  newSubfileType: 254,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  samplesPerPixel: 277,
  extraSamples: 338,
  sampleFormat: 339,
  dngVersion: 50706,
} as const
const [grey, colour] = [1, 3]
/** Colour channels by photometric interpretation: white or black is zero, RGB, palette, CMYK, YCbCr. */
const colourChannels: Record<number, number | undefined> = { 0: grey, 1: grey, 2: colour, 3: grey, 5: 4, 6: colour }
const photometricNames: Record<number, string | undefined> = {
  8: 'CIELab colours',
  9: 'CIELab colours',
  10: 'CIELab colours',
  32803: "a camera's raw data",
  34892: "a camera's raw data",
}
const sampleFormats: Record<number, string | undefined> = {
  2: 'signed samples',
  3: 'floating-point samples',
  5: 'complex samples',
  6: 'complex samples',
}
const bitDepths = [1, 2, 4, 8, 16]
/** None, CCITT, LZW, JPEG, Deflate, PackBits. */
const compressions = [1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946]

const unsupportedTiff = (directory: TiffDirectory): string | undefined => {
  const first = (tag: number, otherwise: number) => directory.get(tag)?.[0] ?? otherwise
  if (directory.has(tags.dngVersion)) return "a camera's raw file (DNG)"
  if (first(tags.newSubfileType, 0) & 1) return "a camera's raw file, or another TIFF that begins with a small preview"
  const photometric = first(tags.photometric, 2)
  if (colourChannels[photometric] === undefined) {
    return `a TIFF with ${photometricNames[photometric] ?? `photometric interpretation ${photometric}`}`
  }
  const format = sampleFormats[first(tags.sampleFormat, 1)]
  if (format) return `a TIFF with ${format}`
  const bits = directory.get(tags.bitsPerSample)?.find((count) => !bitDepths.includes(count))
  if (bits !== undefined) return `a TIFF with ${bits} bits per sample`
  const extra = directory.get(tags.extraSamples) ?? []
  if (extra.length > 1 && extra.some((meaning) => meaning !== 0)) {
    return 'a TIFF with transparency and further channels'
  }
  return undefined
}

const tiff = (bytes: Uint8Array): Inspection => {
  const directory = readTiffDirectory(bytes)
  if (!directory) return {}
  const unsupported = unsupportedTiff(directory)
  if (unsupported) return { unsupported }
  const first = (tag: number) => directory.get(tag)?.[0]
  const compression = first(tags.compression) ?? 1
  const channels = colourChannels[first(tags.photometric) ?? 2]!
  const undeclared = (first(tags.samplesPerPixel) ?? 1) > channels && !directory.has(tags.extraSamples)
  return {
    // "Unspecified", as of a selection that was saved with the picture.
    ...(first(tags.extraSamples) === 0 && { dropExtraChannels: true }),
    ...(!compressions.includes(compression) && { unsupportedIfItFails: `a TIFF with compression ${compression}` }),
    ...(undeclared && { unsupportedIfItFails: 'a TIFF with channels that it does not declare' }),
  }
}

/** libvips goes by the major brand, and does not know that of animations; their still picture is like any other. */
const withStillBrand = (bytes: Uint8Array): { bytes?: Uint8Array } => {
  if (Buffer.from(bytes.subarray(8, 12)).toString('latin1') !== 'avis') return {}
  const copy = Buffer.from(bytes)
  copy.write('avif', 8, 'latin1')
  return { bytes: copy }
}

const inspections = {
  jpeg,
  tiff,
  png: () => ({}),
  webp: () => ({}),
  gif: (bytes) => ({ frame: readGifFrame(bytes) }),
  heic: (bytes) => ({ turnByExif: !isOrientedByFile(bytes) }),
  avif: (bytes) => ({ turnByExif: !isOrientedByFile(bytes), ...withStillBrand(bytes) }),
} satisfies Record<PhotoFormat, (bytes: Uint8Array) => Inspection>

/** Reads the headers of a file. Nothing is decoded; of damaged headers nothing is said. */
export const inspectPhoto = (format: PhotoFormat, bytes: Uint8Array): Inspection => inspections[format](bytes)
