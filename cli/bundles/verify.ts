import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { DetectorSpec } from '../../contracts/bundle-manifest.ts'
import type { Bundle } from '../../inference/bundle.ts'
import { BundleError } from '../../inference/bundle-error.ts'
import { loadNetwork, type NamedTensor } from '../../inference/engine/runtime.ts'
import { createDetector } from '../../inference/faces/detectors/index.ts'
import { hashFile } from './hash-file.ts'

export interface CheckedFile {
  file: string
  bytes: number
  what: string
}

export interface VerifyOptions {
  onFile?: (file: CheckedFile) => void
  /** onnxruntime's name of what the networks run on: cpu (default), cuda, tensorrt, webgpu. The detector runs on the CPU. */
  provider?: string
}

/** Size of a file that has the size and hash of the manifest. Throws `BundleError` where it has not. */
export const checkFile = async (bundle: Bundle, file: string): Promise<number> => {
  const { bytes, sha256 } = bundle.manifest.files[file]!
  const size = (await stat(bundle.path(file)).catch(() => undefined))?.size
  if (size === undefined) throw new BundleError(`${file} is missing`)
  if (size !== bytes) throw new BundleError(`${file} has ${size} bytes; the manifest says ${bytes}`)
  const found = await hashFile(bundle.path(file), createHash('sha256'))
  if (found !== sha256) throw new BundleError(`${file} has the sha256 ${found}; the manifest says ${sha256}`)
  return size
}

const filled = (dims: readonly number[], value = 0.1): NamedTensor => ({
  data: new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(value),
  dims,
})

const ids = (values: readonly number[], dims: readonly number[]): NamedTensor => ({
  data: BigInt64Array.from(values, BigInt),
  dims,
})

interface Trial {
  file: string
  feeds: Record<string, NamedTensor>
  /** Output by name and its shape; without a name the first output. */
  output?: string
  dims: readonly number[]
}

/** One run of every network that the manifest describes, at the sizes that it says. */
const describeTrials = ({ manifest }: Bundle): Trial[] => {
  const { diffusion: d, recogniser } = manifest
  const [channels, height, width] = d.latentShape
  const tokens = d.inputIds.length
  const image = [1, 3, height * d.vaeScale, width * d.vaeScale]
  const latents = [1, channels, height, width]
  const trials: Trial[] = [
    {
      file: d.textEncoder.file,
      feeds: {
        input_ids: ids([...d.inputIds, ...d.negativeInputIds], [2, tokens]),
        face_embedding: filled([2, d.embeddingSize]),
        face_position: ids([d.idPosition, -1], [2]),
      },
      output: 'prompt_embeds',
      dims: [2, tokens, d.hiddenSize],
    },
    {
      file: d.unet.file,
      feeds: {
        sample: filled([2, channels, height, width]),
        timestep: { data: Float32Array.of(999, 1), dims: [2] },
        encoder_hidden_states: filled([2, tokens, d.hiddenSize]),
      },
      output: 'noise_pred',
      dims: [2, channels, height, width],
    },
    { file: d.vaeDecoder.file, feeds: { latents: filled(latents) }, output: 'image', dims: image },
  ]
  if (d.vaeEncoder) {
    trials.push({ file: d.vaeEncoder.file, feeds: { image: filled(image) }, output: 'latents', dims: latents })
  }
  if (recogniser) {
    const { file, sizePx, dimensions } = recogniser
    trials.push({ file, feeds: { '': filled([1, 3, sizePx, sizePx]) }, dims: [1, dimensions] })
  }
  return trials
}

/** Loads a network. A bundle for GPUs has operators that no CPU runs: said so, instead of naming a kernel. */
const load = async (bundle: Bundle, file: string, provider: string) => {
  try {
    return await loadNetwork(bundle.path(file), { executionProviders: [provider] })
  } catch (error) {
    const { cause } = error as Error
    if (provider !== 'cpu' || !String(cause).includes('Failed to find kernel')) throw error
    throw new BundleError(
      `${file} has operators for GPUs only: verify the bundle where it runs, with --provider cuda`,
      {
        cause,
      },
    )
  }
}

/** Runs a network once. Throws `BundleError` where it does not load, gives another shape, or no finite numbers. */
const tryNetwork = async (bundle: Bundle, { file, feeds, output, dims }: Trial, provider: string): Promise<string> => {
  const network = await load(bundle, file, provider)
  try {
    const named = Object.fromEntries(
      Object.entries(feeds).map(([name, tensor]) => [name || (network.inputs[0] ?? ''), tensor]),
    )
    const missing = Object.keys(named).filter((name) => !network.inputs.includes(name))
    if (missing.length > 0) throw new BundleError(`${file} has no input ${missing.join(', ')}`)
    const results = await network.run(named)
    const found = results[output ?? network.outputs[0] ?? '']
    if (!found) throw new BundleError(`${file} has no output ${output}`)
    if (found.dims.join() !== dims.join()) {
      throw new BundleError(
        `${file} gives the shape [${found.dims.join(', ')}]; the manifest means [${dims.join(', ')}]`,
      )
    }
    if (!found.data.every(Number.isFinite)) throw new BundleError(`${file} gives numbers that are not finite`)
    return `runs, [${dims.join(', ')}]`
  } finally {
    await network.release()
  }
}

/** Lets the detector look at a grey picture. */
const tryDetector = async (bundle: Bundle, spec: DetectorSpec): Promise<string> => {
  const detector = await createDetector({ ...spec, file: bundle.path(spec.file) })
  try {
    const [width, height] = [96, 64]
    const faces = await detector.detect({ data: new Uint8Array(width * height * 3).fill(128), width, height })
    return `runs, ${faces.length} faces in a grey picture`
  } finally {
    await detector.release()
  }
}

/** Checks hashes and sizes of all files, then runs every network once. Throws `BundleError` at the first fault. */
export const verifyBundle = async (
  bundle: Bundle,
  { onFile, provider = 'cpu' }: VerifyOptions = {},
): Promise<CheckedFile[]> => {
  const trials = new Map(describeTrials(bundle).map((trial) => [trial.file, trial]))
  const named = [...trials.keys(), ...(bundle.manifest.detector ? [bundle.manifest.detector.file] : [])]
  const unlisted = named.find((file) => !bundle.manifest.files[file])
  if (unlisted) throw new BundleError(`The manifest uses ${unlisted} but does not list it under files`)
  const checked: CheckedFile[] = []
  for (const file of Object.keys(bundle.manifest.files)) {
    const bytes = await checkFile(bundle, file)
    const trial = trials.get(file)
    const { detector } = bundle.manifest
    const what = trial
      ? await tryNetwork(bundle, trial, provider)
      : file === detector?.file
        ? await tryDetector(bundle, detector)
        : 'hash is right'
    checked.push({ file, bytes, what })
    onFile?.(checked.at(-1)!)
  }
  return checked
}
