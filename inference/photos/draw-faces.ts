import type { Face } from '../faces/face.ts'
import type { RgbImage } from '../numeric/image.ts'
import { fromPixels } from './sharp.ts'

/** The picture with a box and the landmarks of every face, as PNG. */
export const drawFaces = (image: RgbImage, faces: readonly Pick<Face, 'box' | 'landmarks'>[]): Promise<Uint8Array> => {
  const stroke = Math.max(2, Math.round(Math.max(image.width, image.height) / 300))
  const shapes = faces.map(({ box: [x1, y1, x2, y2], landmarks }) => {
    const rect = `<rect x="${x1}" y="${y1}" width="${x2 - x1}" height="${y2 - y1}" fill="none" stroke="#12a594" stroke-width="${stroke}"/>`
    const points = landmarks.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="${stroke * 1.2}" fill="#f76b15"/>`)
    return rect + points.join('')
  })
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${image.width}" height="${image.height}">${shapes.join('')}</svg>`
  return fromPixels(image)
    .composite([{ input: Buffer.from(svg) }])
    .png()
    .toBuffer()
}
