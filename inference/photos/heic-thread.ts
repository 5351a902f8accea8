import { createRequire } from 'node:module'
import { Moved, serveThread } from '../engine/thread.ts'
import { createTiff } from './tiff.ts'

/** What is used of libheif-js, which comes without types. */
interface HeifImage {
  get_width(): number
  get_height(): number
  is_primary(): boolean
  display(
    target: { data: Uint8ClampedArray; width: number; height: number },
    then: (result: object | null) => void,
  ): void
}
interface LibHeif {
  HeifDecoder: new () => { decode(bytes: Uint8Array): HeifImage[] }
}

// It reports damaged files by console.log, but standard output belongs to the command that runs.
console.log = () => undefined

const libheif = createRequire(import.meta.url)('libheif-js/wasm-bundle') as LibHeif

serveThread(async () => ({
  /** The picture as a TIFF, rotated as its file says. */
  toTiff: async ({ bytes, icc, limitPixels }: { bytes: Uint8Array; icc?: Uint8Array; limitPixels: number }) => {
    const images = new libheif.HeifDecoder().decode(bytes)
    const image = images.find((one) => one.is_primary()) ?? images[0]
    if (!image) throw new Error('The file has no image that can be decoded')
    const width = image.get_width()
    const height = image.get_height()
    if (width * height > limitPixels) throw new Error('The picture is larger than its header says')
    const tiff = createTiff(width, height, icc)
    const shown = await new Promise((resolve) => image.display({ data: tiff.pixels, width, height }, resolve))
    if (!shown) throw new Error('The picture cannot be decoded')
    return new Moved(tiff.bytes, [tiff.bytes.buffer])
  },
}))
