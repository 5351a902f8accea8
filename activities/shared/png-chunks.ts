// Not by sharp 0.35: its `withXmp` encodes the pixels again and writes the packet as zTXt, while XMP's place is an iTXt, and a
// replay could no longer repeat the bytes of an earlier file; its `metadata()` reads a damaged or shortened mark without an error.
// Not by `crc32` of node:zlib: Node has it from 20.15 and 22.2 only.

/** A chunk of a PNG: its four letters and its data. PNG specification, third edition, section 5. */
export interface PngChunk {
  type: string
  data: Uint8Array
}

/** The bytes are not a complete PNG. */
export class PngError extends Error {
  override name = 'PngError'
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
/** Length, type and CRC of a chunk. */
const OVERHEAD = 12

// Annex D: CRC-32 of ISO 3309, reflected.
const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1
  return crc
})

const crc32 = (bytes: Uint8Array): number => {
  let crc = 0xffffffff
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 255]! ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

/** Chunks of a PNG, IHDR to IEND. Throws `PngError` if one is cut short or fails its checksum. */
export const readChunks = (png: Uint8Array): PngChunk[] => {
  if (SIGNATURE.some((byte, index) => png[index] !== byte)) throw new PngError('Not a PNG')
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength)
  const chunks: PngChunk[] = []
  for (let at = SIGNATURE.length; ; ) {
    if (at + OVERHEAD > png.length) throw new PngError('The PNG is truncated')
    const length = view.getUint32(at)
    const end = at + OVERHEAD + length
    if (end > png.length) throw new PngError('The PNG is truncated')
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8))
    if (crc32(png.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) {
      throw new PngError(`A chunk of the PNG has a wrong checksum: ${JSON.stringify(type)}`)
    }
    chunks.push({ type, data: png.subarray(at + 8, end - 4) })
    if (type === 'IEND') return chunks
    at = end
  }
}

export const writeChunks = (chunks: readonly PngChunk[]): Uint8Array<ArrayBuffer> => {
  const length = chunks.reduce((sum, { data }) => sum + OVERHEAD + data.length, SIGNATURE.length)
  const png = new Uint8Array(length)
  const view = new DataView(png.buffer)
  png.set(SIGNATURE)
  let at = SIGNATURE.length
  for (const { type, data } of chunks) {
    view.setUint32(at, data.length)
    png.set(new TextEncoder().encode(type), at + 4)
    png.set(data, at + 8)
    const end = at + OVERHEAD + data.length
    view.setUint32(end - 4, crc32(png.subarray(at + 4, end - 4)))
    at = end
  }
  return png
}
