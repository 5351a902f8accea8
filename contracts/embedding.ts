/** `format` of a vector that has length 1, which no JSON Schema can say. */
export const unitVectorFormat = 'unit-vector'

// A unit vector that went through text keeps its length to many digits; a vector of another kind does not have length 1.
const lengthTolerance = 0.01
const floatBytes = 4

export type CheckedEmbedding =
  | { readonly embedding: Float32Array; readonly problem?: undefined }
  | { readonly problem: string }

/** A caller's unit vector of so many numbers as it can be used, or a sentence about what is wrong with it. */
export const checkEmbedding = (values: readonly number[], dimensions: number): CheckedEmbedding => {
  if (values.length !== dimensions) return { problem: `A face vector has ${dimensions} numbers, not ${values.length}` }
  const odd = values.findIndex((value) => !Number.isFinite(value))
  if (odd !== -1) return { problem: `Number ${odd} of the face vector is not finite` }
  const length = Math.hypot(...values)
  if (Math.abs(length - 1) > lengthTolerance) {
    return { problem: `A face vector has length 1; this one has length ${Number(length.toPrecision(4))}` }
  }
  return { embedding: Float32Array.from(values, (value) => value / length) }
}

/** A vector as little-endian float32, as numpy's tofile writes it. */
export const encodeVector = (vector: Float32Array): Uint8Array => {
  const bytes = new Uint8Array(vector.length * floatBytes)
  const view = new DataView(bytes.buffer)
  vector.forEach((value, index) => {
    view.setFloat32(index * floatBytes, value, true)
  })
  return bytes
}

export const decodeVector = (bytes: Uint8Array): Float32Array => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Float32Array.from({ length: bytes.byteLength / floatBytes }, (_, index) =>
    view.getFloat32(index * floatBytes, true),
  )
}
