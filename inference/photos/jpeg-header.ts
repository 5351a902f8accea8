// ITU-T T.81, annex B: markers are 0xff and a code; most are followed by a segment that begins with its length.
const SOI = 0xd8
const EOI = 0xd9
const SOS = 0xda
const JPEG_LS = 0xf7
const COEFFICIENTS = 64

const isFrame = (marker: number): boolean =>
  marker === JPEG_LS || (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
const hasSegment = (marker: number): boolean => marker > 0x01 && !(marker >= 0xd0 && marker <= SOI)

export interface JpegHeader {
  /** The code of the marker that begins the frame, 0xc0 to 0xcf or 0xf7; undefined if there is none. */
  readonly coding: number | undefined
  readonly bitsPerSample: number
  /** How often the decoder goes over the picture. */
  readonly scans: number
  /** Whether the end marker is there. */
  readonly ended: boolean
  /** Whether the scans have all coefficients of all components; the data of the last one may still be cut off. */
  readonly complete: boolean
}

/** What the markers of a JPEG say. Nothing is decoded, and nothing after the picture's end is looked at. */
export const readJpegHeader = (bytes: Uint8Array): JpegHeader => {
  let coding: number | undefined
  let bitsPerSample = 8
  let scans = 0
  let ended = false
  /** For each component, how many low bits of each coefficient are still missing. */
  const missingBits = new Map<number, number[]>()

  for (let at = bytes.indexOf(0xff, 2); at !== -1; at = bytes.indexOf(0xff, at)) {
    while (bytes[at] === 0xff) at++
    const marker = bytes[at++]
    if (marker === undefined) break
    if (marker === EOI) {
      ended = true
      break
    }
    if (!hasSegment(marker)) continue
    const segment = bytes.subarray(at + 2, at + ((bytes[at]! << 8) | bytes[at + 1]!))
    if (isFrame(marker) && coding === undefined) {
      coding = marker
      bitsPerSample = segment[0] ?? 8
      for (let k = 0; k < (segment[5] ?? 0); k++) {
        missingBits.set(segment[6 + 3 * k] ?? -1, Array<number>(COEFFICIENTS).fill(Number.POSITIVE_INFINITY))
      }
    }
    if (marker === SOS) {
      scans++
      const components = segment[0] ?? 0
      const [first = 0, last = COEFFICIENTS - 1, approximation = 0] = segment.subarray(1 + 2 * components)
      for (let k = 0; k < components; k++) {
        missingBits.get(segment[1 + 2 * k] ?? -1)?.fill(approximation & 15, first, last + 1)
      }
    }
    at += 2 + segment.length
  }
  const complete = missingBits.size > 0 && [...missingBits.values()].every((bits) => bits.every((count) => count === 0))
  return { coding, bitsPerSample, scans, ended, complete }
}
