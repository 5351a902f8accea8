/** Formats that are decoded, recognised by their first bytes: names and media types lie. */
export type PhotoFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'heic' | 'gif' | 'tiff'

const ascii = (bytes: Uint8Array, start: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(start, start + length))

const startsWith = (bytes: Uint8Array, ...values: number[]): boolean => values.every((value, i) => bytes[i] === value)

/** Major and compatible brands of an ISO base media file; empty if it is not one. */
const brands = (bytes: Uint8Array): string[] => {
  if (ascii(bytes, 4, 4) !== 'ftyp') return []
  const length = Math.min(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), bytes.length, 256)
  const names = [ascii(bytes, 8, 4)]
  for (let at = 16; at + 4 <= length; at += 4) names.push(ascii(bytes, at, 4))
  return names
}

const signatures: readonly [start: string, seems: string][] = [
  ['%PDF-', 'a PDF'],
  ['BM', 'a BMP picture'],
  ['8BPS', 'a Photoshop file'],
  ['\0\0\x01\0', 'an icon'],
  ['\xff\x0a', 'a JPEG XL picture'],
  ['\0\0\0\x0cJXL ', 'a JPEG XL picture'],
  ['\xff\x4f\xff\x51', 'a JPEG 2000 picture'],
  ['\0\0\0\x0cjP  ', 'a JPEG 2000 picture'],
  ['IIRO', "a camera's raw file"],
  ['IIRS', "a camera's raw file"],
  ['IIU\0', "a camera's raw file"],
  ['FUJIFILM', "a camera's raw file"],
  ['FOVb', "a camera's raw file"],
]

// Byte order, and 42 or, in a BigTIFF, 43.
const tiffStarts = ['II*\0', 'MM\0*', 'II+\0', 'MM\0+']

/** A file's format, or a phrase for what it seems to be if its format is not supported. */
export const sniffPhotoFormat = (
  bytes: Uint8Array,
): { format: PhotoFormat } | { format?: undefined; seems: string } => {
  if (bytes.length < 12) return { seems: 'too short to be a picture' }
  if (startsWith(bytes, 0xff, 0xd8, 0xff)) return { format: 'jpeg' }
  if (startsWith(bytes, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return { format: 'png' }
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 4) === 'WEBP') return { format: 'webp' }
  if (/^GIF8[79]a/.test(ascii(bytes, 0, 6))) return { format: 'gif' }
  if (tiffStarts.includes(ascii(bytes, 0, 4))) {
    return ascii(bytes, 8, 2) === 'CR' ? { seems: "a camera's raw file" } : { format: 'tiff' }
  }
  const found = brands(bytes)
  if (found.some((brand) => /^avi[fs]$/.test(brand))) return { format: 'avif' }
  if (found.some((brand) => /^he[iv][cxms]$/.test(brand))) return { format: 'heic' }
  if (found[0] === 'crx ') return { seems: "a camera's raw file" }
  if (found.length > 0) return { seems: 'a video or another ISO media file' }
  const start = ascii(bytes, 0, 12)
  const signature = signatures.find(([known]) => start.startsWith(known))
  if (signature) return { seems: signature[1] }
  const text = ascii(bytes, 0, 256).trimStart().toLowerCase()
  if (/^(\ufeff|ï»¿)?(<\?xml|<svg|<!doctype svg)/.test(text)) return { seems: 'an SVG or XML file' }
  if (/^<(!doctype )?html/.test(text)) return { seems: 'a web page' }
  return { seems: 'no known picture format' }
}
