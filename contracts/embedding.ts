/** JSON Schema `format` of a vector of length 1; JSON Schema cannot express the length itself. */
export const unitVectorFormat = 'unit-vector'

// A unit vector keeps its length almost exactly when it is written as text; other vectors are not near length 1.
const lengthTolerance = 0.01
const floatBytes = 4

export type CheckedEmbedding =
  | { readonly embedding: Float32Array; readonly problem?: undefined }
  | { readonly problem: string }

/** Checks a vector from a request and normalises it, or says in `problem` what is wrong with it. */
export const checkEmbedding = (values: readonly number[], dimensions: number): CheckedEmbedding => {
  if (values.length !== dimensions)
    return { problem: `The face vector must have ${dimensions} numbers, not ${values.length}` }
  const odd = values.findIndex((value) => !Number.isFinite(value))
  if (odd !== -1) return { problem: `Number ${odd} of the face vector is not finite` }
  const length = Math.hypot(...values)
  if (Math.abs(length - 1) > lengthTolerance) {
    return { problem: `The face vector must have length 1; its length is ${Number(length.toPrecision(4))}` }
  }
  return { embedding: Float32Array.from(values, (value) => value / length) }
}

/** Encodes a vector as little-endian float32, like numpy's tofile. */
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
