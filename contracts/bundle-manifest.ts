import { z } from 'zod'
import { diffusionDefaultsSchema } from './diffusion-settings.ts'
import {
  conditioningNetworkInputsSchema,
  conditioningSchema,
  defaultUnetInputs,
  unetInputsSchema,
} from './network-inputs.ts'
import { renameSettings } from './renamed-settings.ts'

/** A file of the bundle, by its path in the folder. */
const fileSchema = z.object({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.number().int().positive(),
  licence: z.string().min(1),
  source: z.string().optional(),
})

const detectorSchema = z.object({
  /** A detector of `inference/faces/detectors/`; checked when the bundle is loaded. */
  kind: z.string(),
  file: z.string(),
  /** Longest side in pixels that a photo is scaled to. */
  inputSizePx: z.number().int().positive(),
  scoreThreshold: z.number().min(0).max(1),
  nmsThreshold: z.number().min(0).max(1),
})

const recogniserSchema = z.object({
  file: z.string(),
  /** Side of the aligned square crop, pixels. */
  sizePx: z.number().int().positive(),
  channels: z.enum(['rgb', 'bgr']),
  /** Network input is (pixel - mean) / std. */
  mean: z.number(),
  std: z.number().positive(),
  /** Length of the embedding. */
  dimensions: z.number().int().positive(),
})

/** scheduler_config.json of diffusers. Unknown fields are kept. */
export const schedulerConfigSchema = z.looseObject({
  num_train_timesteps: z.number().int().positive(),
  beta_start: z.number(),
  beta_end: z.number(),
  beta_schedule: z.enum(['linear', 'scaled_linear', 'squaredcos_cap_v2']),
  trained_betas: z.array(z.number()).nullish(),
  prediction_type: z.enum(['epsilon', 'v_prediction']).default('epsilon'),
  steps_offset: z.number().int().default(0),
  set_alpha_to_one: z.boolean().default(true),
  timestep_spacing: z.enum(['leading', 'linspace', 'trailing']).optional(),
})

const previewSchema = z.object({
  /** One row per latent channel: the red, green and blue (in [-1, 1]) that one unit of it adds. */
  factors: z.array(z.tuple([z.number(), z.number(), z.number()])),
  bias: z.tuple([z.number(), z.number(), z.number()]),
})

const diffusionSchema = z.object({
  prompt: z.string(),
  /** Token ids of `prompt` and of the empty prompt, padded to the text encoder's length. */
  inputIds: z.array(z.number().int().nonnegative()),
  negativeInputIds: z.array(z.number().int().nonnegative()),
  /** Position in `inputIds` where the face vector replaces the token's embedding. */
  idPosition: z.number().int().nonnegative(),
  /** input_ids int64 [b,n], face_embedding float [b,d], face_position int64 [b] (-1: none) → prompt_embeds [b,n,hidden] */
  textEncoder: z.object({ file: z.string() }),
  /**
   * sample [b,c,h,w], timestep float [b], encoder_hidden_states [b,n,hidden], or the declared inputs → noise_pred
   * [b,c,h,w]
   */
  unet: z.object({ file: z.string(), inputs: unetInputsSchema.default(defaultUnetInputs) }),
  /** Values that requests may give in addition to the person, by name. */
  conditionings: z.record(z.string().min(1), conditioningSchema).default({}),
  /** Networks that run before the UNet at every step, on the same rows. Their outputs are inputs of the UNet. */
  conditioningNetworks: z
    .record(z.string().min(1), z.object({ file: z.string(), inputs: conditioningNetworkInputsSchema }))
    .default({}),
  /** latents [b,c,h,w] of the UNet (the network scales them) → image [b,3,f*h,f*w] in [-1,1] */
  vaeDecoder: z.object({ file: z.string() }),
  vaeEncoder: z.object({ file: z.string() }).optional(),
  /** Latent channels, height and width of the size the UNet was trained at. */
  latentShape: z.tuple([z.number().int().positive(), z.number().int().positive(), z.number().int().positive()]),
  /** Image pixels per latent pixel. */
  vaeScale: z.number().int().positive(),
  scalingFactor: z.number().positive(),
  hiddenSize: z.number().int().positive(),
  embeddingSize: z.number().int().positive(),
  precision: z.enum(['fp32', 'fp16']),
  scheduler: schedulerConfigSchema,
  /** Overrides `timestep_spacing` of the scheduler's file, which in a PNDM file is only that class's default. */
  timestepSpacing: z.enum(['leading', 'linspace', 'trailing']).optional(),
  /** Settings of requests that omit them. The first bundles use other names. */
  defaults: z.preprocess(
    (defaults) => (typeof defaults === 'object' && defaults ? renameSettings(defaults) : defaults),
    diffusionDefaultsSchema,
  ),
  /** Hash of the recogniser whose vectors the diffusion was trained on. Other recognisers are refused. */
  recogniserSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  preview: previewSchema.optional(),
})

/** The part of a bundle's diffusion that the API needs to check requests. */
export const servedDiffusionSchema = diffusionSchema.pick({
  embeddingSize: true,
  defaults: true,
  scheduler: true,
  timestepSpacing: true,
})
export type ServedDiffusion = z.infer<typeof servedDiffusionSchema>

export const manifestSchema = z.object({
  format: z.literal('idem-bundle/1'),
  name: z.string().min(1),
  version: z.string().min(1),
  description: z.string(),
  files: z.record(z.string(), fileSchema),
  /** Omitted in a bundle that only generates images from vectors. */
  detector: detectorSchema.optional(),
  recogniser: recogniserSchema.optional(),
  diffusion: diffusionSchema,
})
export type Manifest = z.infer<typeof manifestSchema>
export type DetectorSpec = z.infer<typeof detectorSchema>
export type RecogniserSpec = z.infer<typeof recogniserSchema>
export type DiffusionSpec = z.infer<typeof diffusionSchema>
