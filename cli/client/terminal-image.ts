import { image2sixel } from 'sixel'
import { resizeBilinear } from '../../inference/numeric/resize.ts'
import { decodePhoto } from '../../inference/photos/decode.ts'
import { toBase64 } from '../../lib/base64.ts'

/** Protocols for images in a terminal. */
export const imageProtocols = ['iterm2', 'kitty', 'sixel'] as const
export type ImageProtocol = (typeof imageProtocols)[number]

/** Detects the protocol of the terminal. Undefined if `stream` is not a terminal, or it does not support images. */
export const terminalImages = (
  stream: { isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): ImageProtocol | undefined => {
  const { TERM = '', TERM_PROGRAM = '', KITTY_WINDOW_ID, LC_TERMINAL, NO_COLOR } = env
  if (!stream.isTTY || NO_COLOR) return undefined
  if (KITTY_WINDOW_ID || /kitty|ghostty/.test(`${TERM} ${TERM_PROGRAM}`)) return 'kitty'
  if (/^(?:iTerm\.app|WezTerm|vscode)$/.test(TERM_PROGRAM) || LC_TERMINAL === 'iTerm2') return 'iterm2'
  if (/^(?:foot|mlterm|contour|yaft)|sixel/.test(TERM)) return 'sixel'
  return undefined
}

const columns = 60
const sixelWidthPx = 600
const sixelColours = 256
// Kitty accepts at most 4096 bytes of base64 at a time.
const kittyChunk = 4096

const iterm2 = (base64: string, bytes: number): string =>
  `\x1b]1337;File=inline=1;size=${bytes};width=${columns};preserveAspectRatio=1:${base64}\x07\n`

const kitty = (base64: string): string => {
  const chunks = base64.match(new RegExp(`.{1,${kittyChunk}}`, 'g')) ?? []
  const parts = chunks.map((chunk, index) => {
    const more = index < chunks.length - 1 ? 1 : 0
    const control = index === 0 ? `a=T,f=100,c=${columns},m=${more}` : `m=${more}`
    return `\x1b_G${control};${chunk}\x1b\\`
  })
  return `${parts.join('')}\n`
}

const sixel = async (png: Uint8Array): Promise<string> => {
  const image = await decodePhoto(png)
  const width = Math.min(sixelWidthPx, image.width)
  const { data, height } = resizeBilinear(image, width, Math.round((image.height * width) / image.width))
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255)
  for (let i = 0; i < width * height; i++) rgba.set(data.subarray(i * 3, i * 3 + 3), i * 4)
  return `${image2sixel(rgba, width, height, sixelColours)}\n`
}

/** The escape sequence that shows a PNG in a terminal. */
export const showPng = async (protocol: ImageProtocol, png: Uint8Array): Promise<string> => {
  if (protocol === 'sixel') return sixel(png)
  const base64 = toBase64(png)
  return protocol === 'kitty' ? kitty(base64) : iterm2(base64, png.length)
}
