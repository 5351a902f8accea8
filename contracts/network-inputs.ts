import { z } from 'zod'

/** Values that every row of a batch has: the scaled latents, the timestep and the prompt's embedding. */
const rowSources = ['latents', 'timestep', 'prompt'] as const
export type RowSource = (typeof rowSources)[number]

const conditioningSourceSchema = z.strictObject({ conditioning: z.string().min(1) })
const networkSourceSchema = z.strictObject({ network: z.string().min(1), output: z.string().min(1) })

/** Inputs of a conditioning network by name, each with the source of its value. */
export const conditioningNetworkInputsSchema = z.record(
  z.string().min(1),
  z.union([z.enum(rowSources), conditioningSourceSchema]),
)

/** Inputs of the UNet. Their values may also be outputs of conditioning networks. */
export const unetInputsSchema = z.record(
  z.string().min(1),
  z.union([z.enum(rowSources), conditioningSourceSchema, networkSourceSchema]),
)
export type NetworkInputs = Readonly<z.infer<typeof unetInputsSchema>>
export type InputSource = NetworkInputs[string]

/** Inputs of the UNet if the manifest declares none: those of Stable Diffusion. */
export const defaultUnetInputs = {
  sample: 'latents',
  timestep: 'timestep',
  encoder_hidden_states: 'prompt',
} as const satisfies NetworkInputs

/** A value per image in addition to the person and the seed: a vector, an image or a number. */
export const conditioningSchema = z.strictObject({
  /** Shape of the value for one image; empty for a single number. */
  dims: z.array(z.int().positive()),
  /** Fills the value if a request omits it. Without a default, requests must give a value. */
  default: z.number().optional(),
  /** Value for the unconditional half of classifier-free guidance: the same value, or zeros. */
  unconditional: z.enum(['same', 'zeros']).default('same'),
})
export type ConditioningSpec = Readonly<z.infer<typeof conditioningSchema>>
