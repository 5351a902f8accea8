import { z } from 'zod'

/** What every row of a batch has: the scaled latents, the timestep, and the prompt's embedding. */
const rowSources = ['latents', 'timestep', 'prompt'] as const
export type RowSource = (typeof rowSources)[number]

const conditioningSourceSchema = z.strictObject({ conditioning: z.string().min(1) })
const networkSourceSchema = z.strictObject({ network: z.string().min(1), output: z.string().min(1) })

/** Inputs of a conditioning network by name, each with the source of its value. */
export const conditioningNetworkInputsSchema = z.record(
  z.string().min(1),
  z.union([z.enum(rowSources), conditioningSourceSchema]),
)

/** Inputs of the UNet; their values may also be outputs of conditioning networks. */
export const unetInputsSchema = z.record(
  z.string().min(1),
  z.union([z.enum(rowSources), conditioningSourceSchema, networkSourceSchema]),
)
export type NetworkInputs = Readonly<z.infer<typeof unetInputsSchema>>
export type InputSource = NetworkInputs[string]

/** The inputs of a UNet whose manifest declares none: Stable Diffusion's. */
export const defaultUnetInputs = {
  sample: 'latents',
  timestep: 'timestep',
  encoder_hidden_states: 'prompt',
} as const satisfies NetworkInputs

/** A value per image besides the person and the seed: a vector, a picture, or one number. */
export const conditioningSchema = z.strictObject({
  /** Shape of the value of one image; empty for one number. */
  dims: z.array(z.int().positive()),
  /** Fills the value of an image that has none. A request must give a conditioning that has no default. */
  default: z.number().optional(),
  /** What the unconditional half of a guided image gets: the same value, or zeros. */
  unconditional: z.enum(['same', 'zeros']).default('same'),
})
export type ConditioningSpec = Readonly<z.infer<typeof conditioningSchema>>
