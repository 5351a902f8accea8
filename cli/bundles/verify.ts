import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { DetectorSpec } from '../../contracts/bundle-manifest.ts'
import type { Bundle } from '../../inference/bundle.ts'
import { BundleError } from '../../inference/bundle-error.ts'
import type { NetworkOutputs } from '../../inference/diffusion/feeds.ts'
import { loadNetwork } from '../../inference/engine/runtime.ts'
import { createDetector } from '../../inference/faces/detectors/index.ts'
import { hashFile } from './hash-file.ts'
import { describeTrials, type Trial } from './trials.ts'

export interface CheckedFile {
  file: string
  bytes: number
  what: string
}

export interface VerifyOptions {
  onFile?: (file: CheckedFile) => void
  /** Execution provider of onnxruntime: cpu (default), cuda, tensorrt, webgpu. The detector always runs on the CPU. */
  provider?: string
}

/** Returns the size of a file. Throws `BundleError` unless it has the size and hash in the manifest. */
export const checkFile = async (bundle: Bundle, file: string): Promise<number> => {
  const { bytes, sha256 } = bundle.manifest.files[file]!
  const size = (await stat(bundle.path(file)).catch(() => undefined))?.size
  if (size === undefined) throw new BundleError(`${file} is missing`)
  if (size !== bytes) throw new BundleError(`${file} has ${size} bytes; the manifest says ${bytes}`)
  const found = await hashFile(bundle.path(file), createHash('sha256'))
  if (found !== sha256) throw new BundleError(`${file} has the sha256 ${found}; the manifest says ${sha256}`)
  return size
}

/** Loads a network. If it has operators for GPUs only, the error says so instead of naming a kernel. */
const load = async (bundle: Bundle, file: string, provider: string) => {
  try {
    return await loadNetwork(bundle.path(file), { executionProviders: [provider] })
  } catch (error) {
    const { cause } = error as Error
    if (provider !== 'cpu' || !String(cause).includes('Failed to find kernel')) throw error
    throw new BundleError(
      `${file} has operators that only run on GPUs: verify the bundle on a machine with a GPU, with --provider cuda`,
      {
        cause,
      },
    )
  }
}

/** Runs a network once. Throws `BundleError` if it does not load, returns another shape, or numbers that are not finite. */
const tryNetwork = async (
  bundle: Bundle,
  { file, check, feeds, output, dims }: Trial,
  made: NetworkOutputs,
  provider: string,
) => {
  const network = await load(bundle, file, provider)
  try {
    check?.(network)
    const results = await network.run(feeds(made, network.inputs))
    const name = output ?? network.outputs[0] ?? ''
    const found = results[name]
    if (!found) throw new BundleError(`${file} does not have the output ${name}`)
    if (dims && found.dims.join() !== dims.join()) {
      throw new BundleError(
        `${file} returns the shape [${found.dims.join(', ')}]; the manifest requires [${dims.join(', ')}]`,
      )
    }
    for (const { data } of Object.values(results)) {
      if (!data.every(Number.isFinite)) throw new BundleError(`${file} returns numbers that are not finite`)
    }
    return { results, what: `runs, [${found.dims.join(', ')}]` }
  } finally {
    await network.release()
  }
}

/** Runs the detector on a grey image. */
const tryDetector = async (bundle: Bundle, spec: DetectorSpec): Promise<string> => {
  const detector = await createDetector({ ...spec, file: bundle.path(spec.file) })
  try {
    const [width, height] = [96, 64]
    const faces = await detector.detect({ data: new Uint8Array(width * height * 3).fill(128), width, height })
    return `runs, ${faces.length} faces in a grey image`
  } finally {
    await detector.release()
  }
}

/** Checks the hash and size of every file, and runs every network once. Throws `BundleError` at the first problem. */
export const verifyBundle = async (
  bundle: Bundle,
  { onFile, provider = 'cpu' }: VerifyOptions = {},
): Promise<CheckedFile[]> => {
  const trials = new Map(describeTrials(bundle).map((trial) => [trial.file, trial]))
  const named = [...trials.keys(), ...(bundle.manifest.detector ? [bundle.manifest.detector.file] : [])]
  const unlisted = named.find((file) => !bundle.manifest.files[file])
  if (unlisted) throw new BundleError(`The manifest uses ${unlisted} but does not list it under files`)
  const checked: CheckedFile[] = []
  const made: Record<string, NetworkOutputs[string]> = {}
  const { detector } = bundle.manifest
  const tryFile = async (file: string): Promise<string> => {
    const trial = trials.get(file)
    if (!trial) return file === detector?.file ? tryDetector(bundle, detector) : 'hash matches'
    const { results, what } = await tryNetwork(bundle, trial, made, provider)
    if (trial.name !== undefined) made[trial.name] = results
    return what
  }
  // Networks whose outputs are inputs of others come first.
  const turn = (file: string) => (trials.get(file)?.name === undefined ? 1 : 0)
  const files = Object.keys(bundle.manifest.files).sort((a, b) => turn(a) - turn(b))
  for (const file of files) {
    const bytes = await checkFile(bundle, file)
    checked.push({ file, bytes, what: await tryFile(file) })
    onFile?.(checked.at(-1)!)
  }
  return checked
}
