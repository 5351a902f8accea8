import { createHash } from 'node:crypto'
import type { DiffusionSpec } from '../../contracts/bundle-manifest.ts'
import type { SchedulerName } from '../../contracts/schedulers.ts'
import { concatenate } from '../numeric/concatenate.ts'
import { guide, isGuided } from '../numeric/guidance.ts'
import { createRandn, type GeneratorKind, type Randn } from '../numeric/random.ts'
import { createScheduler, type SchedulerCreators } from '../numeric/schedulers/index.ts'
import type { Schedule } from '../numeric/schedulers/scheduler.ts'
import { type Checkpoint, checkFits, type RunIdentity } from './checkpoint.ts'
import type { PromptEmbedding, TextEncoder } from './text-encoder.ts'
import type { Unet } from './unet.ts'

export interface ImageRequest {
  /** Unit vector of the person. */
  readonly embedding: Float32Array
  readonly seed: number | bigint
  /** Standard normals [channels, height, width] to begin with, in place of the seed's. */
  readonly latents?: Float32Array
  /** Standard normals of the solver [draws, channels, height, width], in place of the seed's. */
  readonly noise?: Float32Array
}

export interface GenerateRequest {
  readonly images: readonly ImageRequest[]
  readonly steps: number
  readonly guidanceScale: number
  readonly scheduler: SchedulerName
  readonly generator: GeneratorKind
  /** Goes on after a step done earlier. */
  readonly resume?: Checkpoint
}

export interface DenoiseOptions {
  onStep?: (checkpoint: Checkpoint) => void
  signal?: AbortSignal
  /** In place of the schedulers of this project. */
  schedulers?: SchedulerCreators
}

export interface Networks {
  textEncoder: TextEncoder
  unet: Unet
}

/** Stopped by the caller. `step` is how many steps were done. */
export class Stopped extends Error {
  override name = 'Stopped'
  readonly step: number
  constructor(step: number) {
    super(`Stopped after step ${step}`)
    this.step = step
  }
}

const digest = (images: readonly ImageRequest[]): string => {
  const hash = createHash('sha256')
  for (const { embedding, latents, noise } of images)
    for (const part of [embedding, latents, noise]) {
      hash.update(`${part?.length ?? 'none'};`)
      if (part) hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength))
    }
  return hash.digest('hex')
}

export const identityOf = ({ images, steps, guidanceScale, scheduler, generator }: GenerateRequest): RunIdentity => ({
  steps,
  guidanceScale,
  scheduler,
  generator,
  seeds: images.map(({ seed }) => `${seed}`),
  inputs: digest(images),
})

/** The checkpoint's scheduler file, with what the bundle's manifest makes of it. */
export const schedulerConfigOf = ({ scheduler, timestepSpacing }: DiffusionSpec) =>
  timestepSpacing ? { ...scheduler, _class_name: undefined, timestep_spacing: timestepSpacing } : scheduler

/** The request does not fit the bundle; the message says what. */
export class RequestError extends Error {
  override name = 'RequestError'
}

/** Rows of several jobs share a call, so an array of another length must not get that far. */
const checkLengths = (
  { images }: GenerateRequest,
  { embeddingSize }: DiffusionSpec,
  length: number,
  draws: number,
): void => {
  if (images.length === 0) throw new RequestError('The request asks for no image')
  for (const [k, { embedding, latents, noise }] of images.entries()) {
    const check = (what: string, found: number | undefined, wanted: number) => {
      if (found === undefined || found === wanted) return
      throw new RequestError(`Image ${k}: ${what} has ${found} numbers, not ${wanted}`)
    }
    check('the embedding', embedding.length, embeddingSize)
    check('latents', latents?.length, length)
    if (draws > 0) check('noise', noise?.length, draws * length)
  }
}

/** Noise of one image: from its own generator, or as given. Draws come in order, one call a draw. */
const createNoise = ({ seed, latents, noise }: ImageRequest, generator: GeneratorKind, length: number) => {
  let randn: Randn | undefined
  const own = () => {
    randn ??= createRandn(generator, seed)
    return randn(length)
  }
  let draws = 0
  return {
    initial: () => latents ?? own(),
    next: () => {
      const from = draws++ * length
      return noise ? noise.subarray(from, from + length) : own()
    },
  }
}

/** Denoises the latents [n, channels, height, width] of all images of a request, step by step. */
export const denoise = async (
  { textEncoder, unet }: Networks,
  spec: DiffusionSpec,
  request: GenerateRequest,
  { onStep, signal, schedulers }: DenoiseOptions = {},
): Promise<Float32Array> => {
  const { images, guidanceScale, resume } = request
  const shape = spec.latentShape
  const size = shape[0] * shape[1] * shape[2]
  const run = identityOf(request)
  if (resume) checkFits(resume, run, size * images.length)

  const schedule = createScheduler(request.scheduler, schedulerConfigOf(spec), schedulers).setTimesteps(request.steps)
  const draws = schedule.timesteps.filter((_, index) => schedule.takesNoise(index)).length
  checkLengths(request, spec, size, draws)
  const noises = images.map((image) => createNoise(image, request.generator, size))
  const initial = concatenate(noises.map(({ initial }) => initial()))
  let latents = resume?.latents ?? initial.map((x) => x * schedule.initNoiseSigma)
  let memory = resume?.memory
  const drawNoise = (index: number) =>
    schedule.takesNoise(index) ? concatenate(noises.map(({ next }) => next())) : undefined

  const prompts = await encodePrompts(textEncoder, images)
  const empty = isGuided(guidanceScale) ? await textEncoder.encodeEmpty() : undefined

  for (const [index, t] of schedule.timesteps.entries()) {
    const noise = drawNoise(index)
    if (index < (resume?.step ?? 0)) continue
    if (signal?.aborted) throw new Stopped(index)
    const prediction = await predictNoise(unet, schedule, { latents, index, t, prompts, empty, guidanceScale, shape })
    const next = schedule.step(index, {
      prediction,
      sample: latents,
      ...(memory && { memory }),
      ...(noise && { noise }),
    })
    latents = next.sample
    memory = next.memory
    onStep?.({ run, step: index + 1, latents, ...(memory && { memory }) })
  }
  return latents
}

/** One text encoder call for each person, however many images are made of them. */
const encodePrompts = async (textEncoder: TextEncoder, images: readonly ImageRequest[]): Promise<PromptEmbedding[]> => {
  const known = new Map<string, PromptEmbedding>()
  const prompts: PromptEmbedding[] = []
  for (const { embedding } of images) {
    const key = embedding.join()
    const prompt = known.get(key) ?? (await textEncoder.encodeFace(embedding))
    known.set(key, prompt)
    prompts.push(prompt)
  }
  return prompts
}

interface PredictInput {
  latents: Float32Array
  index: number
  t: number
  prompts: readonly PromptEmbedding[]
  empty: PromptEmbedding | undefined
  guidanceScale: number
  shape: DiffusionSpec['latentShape']
}

/** The network's prediction for every image, guided where an empty prompt is given. */
const predictNoise = async (
  unet: Unet,
  schedule: Schedule,
  { latents, index, t, prompts, empty, guidanceScale, shape }: PredictInput,
): Promise<Float32Array> => {
  const size = latents.length / prompts.length
  const input = schedule.scaleModelInput(latents, index)
  const rows = prompts.flatMap((prompt, image) => {
    const sample = input.subarray(image * size, (image + 1) * size)
    const conditional = { sample, timestep: t, prompt }
    return empty ? [{ sample, timestep: t, prompt: empty }, conditional] : [conditional]
  })
  const predictions = await unet.predict(rows, shape)
  if (!empty) return concatenate(predictions)
  return concatenate(prompts.map((_, k) => guide(predictions[2 * k]!, predictions[2 * k + 1]!, guidanceScale)))
}
