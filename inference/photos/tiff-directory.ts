/** The integers of a TIFF's first directory by tag; EXIF data have the same form. */
export type TiffDirectory = ReadonlyMap<number, readonly number[]>

/** Longer lists (strips, tiles) are of no interest here, and a damaged file may claim any length. */
const maxValues = 64

const sizes: Record<number, 1 | 2 | 4 | 8 | undefined> = { 1: 1, 3: 2, 4: 4, 7: 1, 13: 4, 16: 8, 18: 8 }

/** Reads the first directory of a TIFF or BigTIFF; undefined if it is damaged. */
export const readTiffDirectory = (bytes: Uint8Array): TiffDirectory | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    const little = view.getUint8(0) === 0x49
    const number = (at: number, size: number): number => {
      if (size === 1) return view.getUint8(at)
      if (size === 2) return view.getUint16(at, little)
      return size === 4 ? view.getUint32(at, little) : Number(view.getBigUint64(at, little))
    }
    const big = number(2, 2) === 43
    const offsetBytes = big ? 8 : 4
    const directory = number(big ? 8 : 4, offsetBytes)
    const countBytes = big ? 8 : 2
    const entryBytes = big ? 20 : 12
    const entries = number(directory, countBytes)
    const found = new Map<number, number[]>()
    for (let i = 0; i < entries; i++) {
      const at = directory + countBytes + i * entryBytes
      const size = sizes[number(at + 2, 2)]
      const count = number(at + 4, offsetBytes)
      if (!size || count > maxValues) continue
      const value = at + 4 + offsetBytes
      const from = size * count > offsetBytes ? number(value, offsetBytes) : value
      found.set(
        number(at, 2),
        Array.from({ length: count }, (_, k) => number(from + k * size, size)),
      )
    }
    return found
  } catch (error) {
    // An offset that points outside the file.
    if (error instanceof RangeError) return undefined
    throw error
  }
}
