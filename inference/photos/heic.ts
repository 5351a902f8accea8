import { startThread, ThreadEnded } from '../engine/thread.ts'

// The decoder of HEIC's HEVC is not in sharp's binaries; libheif-js (LGPL-3.0, used as it is published) brings one as WebAssembly.
// Each photo gets its own thread, one after the other: whatever a file does to the decoder, its memory is freed.
const timeoutMs = 30_000
let last: Promise<unknown> = Promise.resolve()

const convert = async (bytes: Uint8Array, icc: Uint8Array | undefined, limitPixels: number): Promise<Uint8Array> => {
  const thread = startThread(new URL('./heic-thread.ts', import.meta.url), undefined)
  let timer: NodeJS.Timeout | undefined
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new ThreadEnded('Decoding took too long')), timeoutMs)
    })
    const converted = thread.call<Uint8Array>('toTiff', { bytes, limitPixels, ...(icc && { icc }) })
    return await Promise.race([converted, late])
  } finally {
    clearTimeout(timer)
    await thread.close()
  }
}

/**
 * The main picture of a HEIC file as an uncompressed RGBA TIFF: rotated as the file says, its colours as stored and with the
 * given ICC profile. Throws if it is damaged, larger than `limitPixels` or takes too long.
 */
export const heicToTiff = (
  bytes: Uint8Array,
  icc: Uint8Array | undefined,
  limitPixels: number,
): Promise<Uint8Array> => {
  const turn = last.then(() => convert(bytes, icc, limitPixels))
  last = turn.catch(() => undefined)
  return turn
}
