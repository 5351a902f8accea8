/** An array as numpy saves it: C order, numbers as float32. */
export interface NpyArray {
  readonly data: Float32Array
  readonly shape: readonly number[]
}

/** The bytes are no .npy file, or one of a kind that is not read. */
class NpyError extends Error {
  override name = 'NpyError'
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]

/** IEEE 754 half precision. */
const halfToNumber = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

const readers: Record<string, { bytes: number; read: (view: DataView, at: number) => number }> = {
  '<f2': { bytes: 2, read: (view, at) => halfToNumber(view.getUint16(at, true)) },
  '<f4': { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  '<f8': { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
}

/** Reads version 1 to 3 files of float16, float32 or float64. Throws `NpyError`. */
export const parseNpy = (bytes: Uint8Array): NpyArray => {
  if (bytes.length < 12 || !magic.every((value, i) => bytes[i] === value))
    throw new NpyError('This is not an .npy file')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const wide = bytes[6]! > 1
  const start = (wide ? 12 : 10) + (wide ? view.getUint32(8, true) : view.getUint16(8, true))
  const header = new TextDecoder().decode(bytes.subarray(wide ? 12 : 10, start))
  const type = /'descr': '([^']+)'/.exec(header)?.[1] ?? ''
  const reader = readers[type]
  if (!reader)
    throw new NpyError(`The array is of type ${type || 'unknown'}; supported are float16, float32 and float64`)
  if (/'fortran_order': True/.test(header)) throw new NpyError('The array is in Fortran order; save it in C order')
  const dims = /'shape': \(([^)]*)\)/.exec(header)?.[1]
  if (dims === undefined) throw new NpyError('The header of the .npy file has no shape')
  const shape = dims.split(',').flatMap((part) => (part.trim() ? [Number(part)] : []))
  const count = shape.reduce((a, b) => a * b, 1)
  if (bytes.length - start < count * reader.bytes) throw new NpyError('The .npy file is truncated')
  const data = Float32Array.from({ length: count }, (_, i) => reader.read(view, start + i * reader.bytes))
  return { data, shape }
}

/** A version 1 file of float32. */
export const formatNpy = ({ data, shape }: NpyArray): Uint8Array => {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${dims}), }`
  // The header ends with a line feed on a multiple of 64 bytes.
  const length = Math.ceil((dict.length + 11) / 64) * 64 - 10
  const header = `${dict.padEnd(length - 1)}\n`
  const bytes = new Uint8Array(10 + length + data.length * 4)
  bytes.set([...magic, 1, 0])
  const view = new DataView(bytes.buffer)
  view.setUint16(8, length, true)
  bytes.set(new TextEncoder().encode(header), 10)
  data.forEach((value, i) => {
    view.setFloat32(10 + length + i * 4, value, true)
  })
  return bytes
}
