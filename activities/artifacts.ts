import { ApplicationFailure } from '@temporalio/common'
import { type ArtifactStore, readAll } from '../contracts/artifacts.ts'
import { failures } from '../contracts/failures.ts'

/** The bytes under `key`. A missing artifact fails for good: nothing will write it again. */
export const readArtifact = async (store: ArtifactStore, key: string): Promise<Uint8Array> => {
  const artifact = await store.get(key)
  if (!artifact)
    throw ApplicationFailure.nonRetryable('An artifact of this prediction is gone', failures.artifactMissing, { key })
  return readAll(artifact)
}

/** A vector as little-endian float32, as numpy's tofile writes it. */
export const encodeVector = (vector: Float32Array): Uint8Array => {
  const bytes = new Uint8Array(vector.length * 4)
  const view = new DataView(bytes.buffer)
  vector.forEach((value, index) => {
    view.setFloat32(index * 4, value, true)
  })
  return bytes
}

export const decodeVector = (bytes: Uint8Array): Float32Array => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Float32Array.from({ length: bytes.byteLength / 4 }, (_, index) => view.getFloat32(index * 4, true))
}
