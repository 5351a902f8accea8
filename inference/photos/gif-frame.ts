import type { Rectangle } from './rectangle.ts'

/** Where the first frame of a GIF lies on its screen; undefined if the file is damaged. GIF89a, sections 18 to 20. */
export const readGifFrame = (bytes: Uint8Array): Rectangle | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const tableBytes = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)
  try {
    let at = 13 + tableBytes(view.getUint8(10))
    while (view.getUint8(at) === 0x21) {
      // An extension: its label, then blocks that begin with their lengths, up to an empty one.
      at += 2
      for (let length = view.getUint8(at); length > 0; length = view.getUint8(at)) at += 1 + length
      at += 1
    }
    if (view.getUint8(at) !== 0x2c) return undefined
    const [left, top, width, height] = [1, 3, 5, 7].map((offset) => view.getUint16(at + offset, true))
    return { left: left!, top: top!, width: width!, height: height! }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
