// TIFF 6.0: a header, then one directory of 12-byte entries in order of their tags.
const SHORT = 3
const LONG = 4
const UNDEFINED = 7
const ENTRY_BYTES = 12

export interface Tiff {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Where in `bytes` the interleaved RGBA pixels go, `[height,width,4]`. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>
}

/** An uncompressed TIFF with room for 8-bit RGBA pixels and, if given, their ICC profile. */
export const createTiff = (width: number, height: number, icc: Uint8Array = new Uint8Array()): Tiff => {
  const pixelBytes = width * height * 4
  const entries: [tag: number, type: number, count: number, value: (at: { bits: number; data: number }) => number][] = [
    [256, LONG, 1, () => width],
    [257, LONG, 1, () => height],
    [258, SHORT, 4, ({ bits }) => bits], // bits per sample
    [259, SHORT, 1, () => 1], // no compression
    [262, SHORT, 1, () => 2], // RGB
    [273, LONG, 1, ({ data }) => data], // one strip: where it starts
    [277, SHORT, 1, () => 4], // samples per pixel
    [278, LONG, 1, () => height], // rows of the strip
    [279, LONG, 1, () => pixelBytes], // its length
    [284, SHORT, 1, () => 1], // interleaved
    [338, SHORT, 1, () => 2], // the fourth sample is alpha, not multiplied in
  ]
  const directory = 8
  const bits = directory + 2 + (entries.length + 1) * ENTRY_BYTES + 4
  const profile = bits + 8
  const data = profile + icc.length + (icc.length % 2)
  if (icc.length > 0) entries.push([34675, UNDEFINED, icc.length, () => profile])

  const bytes = new Uint8Array(data + pixelBytes)
  const view = new DataView(bytes.buffer)
  bytes.set([0x49, 0x49, 42, 0])
  view.setUint32(4, directory, true)
  view.setUint16(directory, entries.length, true)
  for (const [i, [tag, type, count, value]] of entries.entries()) {
    const at = directory + 2 + i * ENTRY_BYTES
    view.setUint16(at, tag, true)
    view.setUint16(at + 2, type, true)
    view.setUint32(at + 4, count, true)
    view.setUint32(at + 8, value({ bits, data }), true)
  }
  for (let sample = 0; sample < 4; sample++) view.setUint16(bits + 2 * sample, 8, true)
  bytes.set(icc, profile)
  return { bytes, pixels: new Uint8ClampedArray(bytes.buffer, data, pixelBytes) }
}
