import type { SchedulerName } from '../../contracts/schedulers.ts'
import type { GeneratorKind } from '../numeric/random.ts'

/** What a run was asked for: a checkpoint fits no other. */
export interface RunIdentity {
  readonly steps: number
  readonly guidanceScale: number
  readonly scheduler: SchedulerName
  readonly generator: GeneratorKind
  /** One an image, as decimal text. */
  readonly seeds: readonly string[]
  /** SHA-256 of what the seeds do not say: vectors, and latents and noise where they were given. */
  readonly inputs: string
}

/** All that is needed to go on after a step as if nothing had happened. Noise follows from seed and step. */
export interface Checkpoint {
  readonly run: RunIdentity
  /** Steps done. */
  readonly step: number
  /** [n, channels, height, width] */
  readonly latents: Float32Array
  /** What the solver remembers, in the latents' shape; absent where it remembers nothing. */
  readonly memory?: Float32Array
}

/** The bytes are no checkpoint, or one of another run. */
export class CheckpointError extends Error {
  override name = 'CheckpointError'
}

const magic = 'IDEMCKP1'
const floatBytes = 4

const writeFloats = (view: DataView, at: number, values: Float32Array): void => {
  values.forEach((value, index) => {
    view.setFloat32(at + index * floatBytes, value, true)
  })
}

const readFloats = (view: DataView, at: number, length: number): Float32Array =>
  Float32Array.from({ length }, (_, index) => view.getFloat32(at + index * floatBytes, true))

/** Magic, length of a JSON header (uint32), header, latents and memory as little-endian float32. */
export const encodeCheckpoint = ({ run, step, latents, memory }: Checkpoint): Uint8Array => {
  const header = new TextEncoder().encode(
    JSON.stringify({ run, step, latents: latents.length, memory: memory?.length ?? 0 }),
  )
  const start = magic.length + floatBytes + header.length
  const bytes = new Uint8Array(start + (latents.length + (memory?.length ?? 0)) * floatBytes)
  const view = new DataView(bytes.buffer)
  bytes.set(new TextEncoder().encode(magic))
  view.setUint32(magic.length, header.length, true)
  bytes.set(header, magic.length + floatBytes)
  writeFloats(view, start, latents)
  if (memory) writeFloats(view, start + latents.length * floatBytes, memory)
  return bytes
}

/** Throws `CheckpointError` where the bytes are none or are cut short. */
export const decodeCheckpoint = (bytes: Uint8Array): Checkpoint => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = new TextDecoder().decode(bytes.subarray(0, magic.length))
  if (text !== magic) throw new CheckpointError('These bytes are no checkpoint')
  try {
    const start = magic.length + floatBytes + view.getUint32(magic.length, true)
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(magic.length + floatBytes, start)))
    const { run, step, latents, memory } = header as {
      run: RunIdentity
      step: number
      latents: number
      memory: number
    }
    return {
      run,
      step,
      latents: readFloats(view, start, latents),
      ...(memory > 0 && { memory: readFloats(view, start + latents * floatBytes, memory) }),
    }
  } catch (cause) {
    throw new CheckpointError('The checkpoint is damaged', { cause })
  }
}

/** Throws `CheckpointError` unless the checkpoint belongs to this run. */
export const checkFits = ({ run, step, latents }: Checkpoint, wanted: RunIdentity, length: number): void => {
  const same = JSON.stringify(run) === JSON.stringify(wanted)
  if (same && latents.length === length && step >= 0 && step <= wanted.steps) return
  throw new CheckpointError('The checkpoint is one of another run')
}
