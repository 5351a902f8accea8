// The crop that is embedded, drawn in the browser: the landmarks brought to ArcFace's places by a similarity transform.

export const cropSize = 112

// ArcFace's 112x112 reference points, insightface face_align.py.
const template = [
  [38.2946, 51.6963],
  [73.5318, 51.5014],
  [56.0252, 71.7366],
  [41.5493, 92.3655],
  [70.7299, 92.2041],
]

/** @type {(points: readonly (readonly number[])[], axis: number) => number} */
const mean = (points, axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length

/**
 * Umeyama's least squares (1991) in its closed form for the plane: `[cos, sin, shiftX, shiftY]`.
 *
 * @type {(from: readonly (readonly number[])[]) => [cos: number, sin: number, shiftX: number, shiftY: number]}
 */
const estimate = (from) => {
  const [fx, fy, tx, ty] = [mean(from, 0), mean(from, 1), mean(template, 0), mean(template, 1)]
  let [dot, cross, spread] = [0, 0, 0]
  from.forEach(([px, py], i) => {
    const [x, y, u, v] = [px - fx, py - fy, template[i][0] - tx, template[i][1] - ty]
    dot += x * u + y * v
    cross += x * v - y * u
    spread += x * x + y * y
  })
  const [cos, sin] = [dot / spread, cross / spread]
  return [cos, sin, tx - cos * fx + sin * fy, ty - sin * fx - cos * fy]
}

/**
 * Draws the face of a photo of `width` by `height` pixels, in which the landmarks are.
 *
 * @type {(canvas: HTMLCanvasElement, image: CanvasImageSource, photo: { width: number, height: number, kps: readonly (readonly number[])[] }) => void}
 */
export const drawCrop = (canvas, image, { width, height, kps }) => {
  const scale = canvas.width / cropSize
  const [cos = 0, sin = 0, x, y] = estimate(kps).map((value) => value * scale)
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'))
  context.resetTransform()
  context.clearRect(0, 0, canvas.width, canvas.height)
  context.imageSmoothingQuality = 'high'
  context.setTransform(cos, sin, -sin, cos, x, y)
  context.drawImage(image, 0, 0, width, height)
}
