import type { DiffusionSpec } from '../../contracts/bundle-manifest.ts'
import type { NetworkInputs } from '../../contracts/network-inputs.ts'
import type { Bundle } from '../../inference/bundle.ts'
import { checkInputNames, checkInputs, checkOutputs } from '../../inference/diffusion/declared-inputs.ts'
import { feedsOf, type NetworkOutputs } from '../../inference/diffusion/feeds.ts'
import { textEncoderInputs } from '../../inference/diffusion/text-encoder.ts'
import type { UnetRow } from '../../inference/diffusion/unet-row.ts'
import { vaeDecoderInputs } from '../../inference/diffusion/vae.ts'
import type { NamedTensor, Network } from '../../inference/engine/runtime.ts'
import { mapValues } from '../../lib/map-values.ts'

const values = (dims: readonly number[]) => new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(0.1)

const filled = (dims: readonly number[]): NamedTensor => ({ data: values(dims), dims })

const ids = (list: readonly number[], dims: readonly number[]): NamedTensor => ({
  data: BigInt64Array.from(list, BigInt),
  dims,
})

/** A run of a network that checks it against the manifest. */
export interface Trial {
  file: string
  /** Throws `BundleError` unless the network has the inputs of the manifest. */
  check?: (network: Network) => void
  /** Values by input. `made` are the outputs of earlier networks, `inputs` the names of the network's inputs. */
  feeds: (made: NetworkOutputs, inputs: readonly string[]) => Record<string, NamedTensor>
  /** Name and shape of the output to check. Defaults to the first output. */
  output?: string
  dims?: readonly number[]
  /** The name by which other networks refer to its outputs. */
  name?: string
}

/** Trials of the UNet and its conditioning networks, with the inputs that the manifest declares. */
const describeUnet = (spec: DiffusionSpec): Trial[] => {
  const shape = spec.latentShape
  const row = (timestep: number): UnetRow => ({
    sample: values(shape),
    timestep,
    prompt: values([spec.inputIds.length, spec.hiddenSize]),
    conditionings: mapValues(spec.conditionings, ({ dims }) => values(dims)),
  })
  const rows = [row(999), row(1)]
  const trialOf = ({ file, inputs }: { file: string; inputs: NetworkInputs }): Trial => ({
    file,
    check: (network) => checkInputs(file, network, inputs, spec),
    feeds: (outputs) => feedsOf(inputs, rows, { spec, shape, outputs }),
  })
  return [
    ...Object.entries(spec.conditioningNetworks).map(([name, network]) => ({ ...trialOf(network), name })),
    {
      ...trialOf(spec.unet),
      feeds: (outputs) => {
        checkOutputs(mapValues(outputs, Object.keys), spec)
        return feedsOf(spec.unet.inputs, rows, { spec, shape, outputs })
      },
      output: 'noise_pred',
      dims: [rows.length, ...shape],
    },
  ]
}

/** One trial for every network of the manifest, with the sizes in the manifest. */
export const describeTrials = ({ manifest }: Bundle): Trial[] => {
  const { diffusion: d, recogniser } = manifest
  const [channels, height, width] = d.latentShape
  const tokens = d.inputIds.length
  const image = [1, 3, height * d.vaeScale, width * d.vaeScale]
  const latents = [1, channels, height, width]
  const trials: Trial[] = [
    {
      file: d.textEncoder.file,
      check: (network) => checkInputNames(d.textEncoder.file, network, textEncoderInputs),
      feeds: () => ({
        input_ids: ids([...d.inputIds, ...d.negativeInputIds], [2, tokens]),
        face_embedding: filled([2, d.embeddingSize]),
        face_position: ids([d.idPosition, -1], [2]),
      }),
      output: 'prompt_embeds',
      dims: [2, tokens, d.hiddenSize],
    },
    ...describeUnet(d),
    {
      file: d.vaeDecoder.file,
      check: (network) => checkInputNames(d.vaeDecoder.file, network, vaeDecoderInputs),
      feeds: () => ({ latents: filled(latents) }),
      output: 'image',
      dims: image,
    },
  ]
  if (d.vaeEncoder) {
    trials.push({
      file: d.vaeEncoder.file,
      check: (network) => checkInputNames(d.vaeEncoder!.file, network, ['image']),
      feeds: () => ({ image: filled(image) }),
      output: 'latents',
      dims: latents,
    })
  }
  if (recogniser) {
    const { file, sizePx, dimensions } = recogniser
    trials.push({
      file,
      feeds: (_, [input = '']) => ({ [input]: filled([1, 3, sizePx, sizePx]) }),
      dims: [1, dimensions],
    })
  }
  return trials
}
