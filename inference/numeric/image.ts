/** Interleaved 8-bit RGB, row by row: `data[(y * width + x) * 3 + channel]`. */
export interface RgbImage {
  readonly data: Uint8Array
  readonly width: number
  readonly height: number
}
