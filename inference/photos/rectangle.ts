import type { RgbImage } from '../numeric/image.ts'

export interface Rectangle {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** Makes everything outside the rectangle white, in place. */
export const whitenOutside = ({ data, width, height }: RgbImage, rectangle: Rectangle): void => {
  const right = rectangle.left + rectangle.width
  const bottom = rectangle.top + rectangle.height
  for (let y = 0; y < height; y++) {
    const row = y * width
    const inside = y >= rectangle.top && y < bottom
    data.fill(255, row * 3, (row + (inside ? Math.min(rectangle.left, width) : width)) * 3)
    if (inside) data.fill(255, (row + Math.min(right, width)) * 3, (row + width) * 3)
  }
}
