import { cropSize, drawCrop } from '../helpers/align.js'
import { html } from '../helpers/html.js'
import { useEffect, useRef } from '../vendor/hooks.js'

/** @import { PhotoFaces } from '../types.ts' */

const pixelsPerPixel = 2

/**
 * The aligned face, as the recogniser sees it.
 *
 * @param {{ shown: string, found: PhotoFaces, face: number }} props
 */
export const Crop = ({ shown, found, face }) => {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null))
  const { width, height, faces } = found
  const kps = faces[face]?.kps ?? []
  useEffect(() => {
    const image = new Image()
    image.src = shown
    // Left empty where the browser cannot show this kind of photo.
    image.decode().then(
      () => canvas.current && drawCrop(canvas.current, image, { width, height, kps }),
      () => undefined,
    )
  }, [shown, kps])
  const size = cropSize * pixelsPerPixel
  return html`
    <figure class="crop">
      <canvas ref=${canvas} width=${size} height=${size} role="img" aria-label="The aligned crop of the face"></canvas>
      <figcaption>Aligned to 112 × 112. Only this is used for the face vector.</figcaption>
    </figure>
  `
}
