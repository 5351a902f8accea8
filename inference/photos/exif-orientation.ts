import type { Sharp } from './sharp.ts'
import { readTiffDirectory } from './tiff-directory.ts'

const prefix = 'Exif\0\0'
const ORIENTATION = 274

/** The orientation in EXIF data, 1 (upright) if there is none. */
export const readExifOrientation = (exif: Uint8Array): number => {
  const hasPrefix = Buffer.from(exif.subarray(0, prefix.length)).toString('latin1') === prefix
  return readTiffDirectory(hasPrefix ? exif.subarray(prefix.length) : exif)?.get(ORIENTATION)?.[0] ?? 1
}

const turns: Record<number, ((photo: Sharp) => Sharp) | undefined> = {
  2: (photo) => photo.flop(),
  3: (photo) => photo.rotate(180),
  4: (photo) => photo.flip(),
  5: (photo) => photo.rotate(90).flop(),
  6: (photo) => photo.rotate(90),
  7: (photo) => photo.rotate(90).flip(),
  8: (photo) => photo.rotate(270),
}

/** Turns a photo upright by an EXIF orientation. */
export const turnByOrientation = (photo: Sharp, orientation: number): Sharp => turns[orientation]?.(photo) ?? photo
