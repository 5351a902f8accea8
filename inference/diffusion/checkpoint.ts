import { type DiffusionSettings, distinctSettings } from '../../contracts/diffusion-settings.ts'

/**
 * What a checkpoint belongs to: it fits no other run. A setting that is missing counts as one that has the schema's
 * default, so that a setting that is added later does not part runs from their checkpoints. A checkpoint that does not
 * name its bundle fits nothing: its latents may be another model's, and starting over costs only steps.
 */
export interface RunIdentity {
  readonly bundleSha256: string
  readonly settings: DiffusionSettings
  /** One per image, as decimal text. */
  readonly seeds: readonly string[]
  /** SHA-256 of what the seeds do not say: vectors, and latents and noise if they were given. */
  readonly inputs: string
}

/** All that is needed to resume after a step as if nothing had happened. Noise follows from seed and step. */
export interface Checkpoint {
  readonly run: RunIdentity
  /** Steps done. */
  readonly step: number
  /** [n, channels, height, width] */
  readonly latents: Float32Array
  /** What the solver remembers, in the latents' shape; absent where it remembers nothing. */
  readonly memory?: Float32Array
}

/** The bytes are not a checkpoint, or belong to another run. */
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

/** Throws `CheckpointError` if the bytes are not a checkpoint, are cut short, or hold values that are not finite. */
export const decodeCheckpoint = (bytes: Uint8Array): Checkpoint => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = new TextDecoder().decode(bytes.subarray(0, magic.length))
  if (text !== magic) throw new CheckpointError('These bytes are not a checkpoint')
  try {
    const start = magic.length + floatBytes + view.getUint32(magic.length, true)
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(magic.length + floatBytes, start)))
    const { run, step, latents, memory } = header as {
      run: RunIdentity
      step: number
      latents: number
      memory: number
    }
    if (start + (latents + memory) * floatBytes !== bytes.length)
      throw new RangeError('Its length does not match its header')
    const values = readFloats(view, start, latents + memory)
    if (!values.every(Number.isFinite)) throw new RangeError('It has values that are not finite')
    return {
      run,
      step,
      latents: values.slice(0, latents),
      ...(memory > 0 && { memory: values.slice(latents) }),
    }
  } catch (cause) {
    throw new CheckpointError('The checkpoint is damaged', { cause })
  }
}

/** Texts that are equal for the same run. */
const comparable = (run: RunIdentity): string => {
  const { settings, ...rest } = run
  const fields = Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([distinctSettings(settings), fields])
}

/** Throws `CheckpointError` unless the checkpoint belongs to this run. */
export const checkFits = ({ run, step, latents }: Checkpoint, wanted: RunIdentity, length: number): void => {
  const same = typeof run?.settings === 'object' && comparable(run) === comparable(wanted)
  const inRange = Number.isInteger(step) && step >= 0 && step <= wanted.settings.num_steps
  if (same && latents.length === length && inRange) return
  throw new CheckpointError('The checkpoint belongs to another run')
}
