import { createRequire } from 'node:module'
import type { RgbImage } from '../numeric/image.ts'
import { fromPixels, sharp } from './sharp.ts'

// Text must come out on a machine without fonts too.
const fontfile = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')
const cellPx = 256
const gapPx = 16
const lineHeightPx = 22
const ink = '#1c2024'
const paleInk = '#60646c'

const escapeMarkup = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const renderLine = (text: string, color: string) => {
  const markup = `<span foreground="${color}">${escapeMarkup(text)}</span>`
  return sharp({ text: { text: markup, font: 'DejaVu Sans 10', fontfile, rgba: true, dpi: 96 } })
    .png()
    .toBuffer()
}

export interface SheetCell {
  image: RgbImage
  /** Lines under the picture. */
  caption: readonly string[]
}

/** One JPEG of several pictures in a grid, each with its caption. */
export const contactSheet = async (cells: readonly SheetCell[], { columns = 6 } = {}): Promise<Uint8Array> => {
  const perRow = Math.min(columns, cells.length)
  const lines = Math.max(...cells.map(({ caption }) => caption.length))
  const rowPx = cellPx + 8 + lines * lineHeightPx + gapPx
  const layers = await Promise.all(
    cells.map(async ({ image, caption }, index) => {
      const left = gapPx + (index % perRow) * (cellPx + gapPx)
      const top = gapPx + Math.floor(index / perRow) * rowPx
      const kernel = image.width < cellPx ? 'cubic' : 'lanczos3'
      const picture = fromPixels(image).resize(cellPx, cellPx, { fit: 'contain', background: '#f0f0f3', kernel })
      const texts = await Promise.all(
        caption.map(async (line, k) => ({
          input: await renderLine(line, k === 0 ? ink : paleInk),
          left,
          top: top + cellPx + 8 + k * lineHeightPx,
        })),
      )
      return [{ input: await picture.png().toBuffer(), left, top }, ...texts]
    }),
  )
  const width = gapPx + perRow * (cellPx + gapPx)
  const height = gapPx + Math.ceil(cells.length / perRow) * rowPx
  return sharp({ create: { width, height, channels: 3, background: 'white' } })
    .composite(layers.flat())
    .jpeg({ quality: 92, chromaSubsampling: '4:4:4' })
    .toBuffer()
}
