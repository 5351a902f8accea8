import type { DiffusionSpec } from '../../contracts/bundle-manifest.ts'
import type { GeneratorName } from '../../contracts/diffusion-settings.ts'
import { concatenate } from '../numeric/concatenate.ts'
import { guide, isGuided } from '../numeric/guidance.ts'
import { createRandn, type Randn } from '../numeric/random.ts'
import { type SchedulerCreators, schedulerFor } from '../numeric/schedulers/index.ts'
import type { Schedule } from '../numeric/schedulers/scheduler.ts'
import { type Checkpoint, checkFits } from './checkpoint.ts'
import { resolveConditionings, unconditional } from './conditionings.ts'
import { requireFinite } from './diverged.ts'
import { checkLengths, type DiffusionModel, type GenerateRequest, type ImageRequest, identityOf } from './request.ts'
import type { PromptEmbedding, TextEncoder } from './text-encoder.ts'
import type { Unet } from './unet.ts'
import type { UnetRow } from './unet-row.ts'

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

/** Noise of one image: from its own generator, or as given. Draws come in order, one call a draw. */
const createNoise = ({ seed, latents, noise }: ImageRequest, generator: GeneratorName, length: number) => {
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
  { spec, bundleSha256 }: DiffusionModel,
  request: GenerateRequest,
  { onStep, signal, schedulers }: DenoiseOptions = {},
): Promise<Float32Array> => {
  const { images, settings, resume } = request
  const guidanceScale = settings.guidance_scale
  const shape = spec.latentShape
  const size = shape[0] * shape[1] * shape[2]
  const run = identityOf(request, bundleSha256)
  if (resume) checkFits(resume, run, size * images.length)

  const schedule = schedulerFor(spec, settings.scheduler, schedulers).setTimesteps(settings.num_steps)
  const draws = schedule.timesteps.filter((_, index) => schedule.takesNoise(index)).length
  checkLengths(request, spec, size, draws)
  const noises = images.map((image) => createNoise(image, settings.generator, size))
  const initial = concatenate(noises.map(({ initial }) => initial()))
  let latents = resume?.latents ?? initial.map((x) => x * schedule.initNoiseSigma)
  let memory = resume?.memory
  const drawNoise = (index: number) =>
    schedule.takesNoise(index) ? concatenate(noises.map(({ next }) => next())) : undefined

  const conditionings = images.map((image, k) => resolveConditionings(spec, image, settings, k))
  const prompts = await encodePrompts(textEncoder, images)
  const empty = isGuided(guidanceScale) ? await textEncoder.encodeEmpty() : undefined
  const conditions = conditionings.map((values, k) => ({ prompt: prompts[k]!, conditionings: values }))
  const unguided =
    empty && conditionings.map((values) => ({ prompt: empty, conditionings: unconditional(spec, values) }))

  for (const [index, t] of schedule.timesteps.entries()) {
    const noise = drawNoise(index)
    if (index < (resume?.step ?? 0)) continue
    if (signal?.aborted) throw new Stopped(index)
    const prediction = await predictNoise(unet, schedule, {
      latents,
      index,
      t,
      conditions,
      unguided,
      guidanceScale,
      shape,
    })
    const next = schedule.step(index, {
      prediction,
      sample: latents,
      ...(memory && { memory }),
      ...(noise && { noise }),
    })
    latents = next.sample
    memory = next.memory
    requireFinite(latents, `The diffusion after step ${index + 1} of ${schedule.timesteps.length}`)
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

/** What a row of the UNet depends on besides its sample and timestep. */
type Condition = Omit<UnetRow, 'sample' | 'timestep'>

interface PredictInput {
  latents: Float32Array
  index: number
  t: number
  /** One per image. */
  conditions: readonly Condition[]
  /** One per image, if guidance is on. */
  unguided: readonly Condition[] | undefined
  guidanceScale: number
  shape: DiffusionSpec['latentShape']
}

/** The network's prediction for every image, guided if unguided conditions are given. */
const predictNoise = async (
  unet: Unet,
  schedule: Schedule,
  { latents, index, t, conditions, unguided, guidanceScale, shape }: PredictInput,
): Promise<Float32Array> => {
  const size = latents.length / conditions.length
  const input = schedule.scaleModelInput(latents, index)
  const rows = conditions.flatMap((condition, image) => {
    const row = { sample: input.subarray(image * size, (image + 1) * size), timestep: t }
    return [...(unguided ? [{ ...row, ...unguided[image]! }] : []), { ...row, ...condition }]
  })
  const predictions = await unet.predict(rows, shape)
  if (!unguided) return concatenate(predictions)
  return concatenate(conditions.map((_, k) => guide(predictions[2 * k]!, predictions[2 * k + 1]!, guidanceScale)))
}
