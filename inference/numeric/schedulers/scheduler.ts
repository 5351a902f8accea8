import type { FailureType } from '../../../contracts/failures.ts'

/** What one solver step needs besides the prediction; all arrays have the sample's length. */
export interface StepInput {
  /** The network's output for the sample at this step, guidance applied. */
  readonly prediction: Float32Array
  readonly sample: Float32Array
  /** What the solver gave back as `memory` one step earlier; absent at the first step it takes. */
  readonly memory?: Float32Array
  /** Standard normals; needed where `Schedule.takesNoise` says so. */
  readonly noise?: Float32Array
}

export interface StepOutput {
  readonly sample: Float32Array
  /** What the solver wants to see again at the next step. */
  readonly memory?: Float32Array
}

/**
 * The steps of one run. A step is named by its index in `timesteps` and depends only on its arguments, so a run can
 * begin at any of them.
 */
export interface Schedule {
  /** The timestep that the network gets at each step, in descending order. */
  readonly timesteps: readonly number[]
  /** Noise levels, one more than there are steps; empty for schedulers that do not think in sigmas. */
  readonly sigmas: readonly number[]
  /** Standard deviation of the sample that the run begins with. */
  readonly initNoiseSigma: number
  /** Whether the step draws noise, as the reference's does, even if it then weighs nothing. */
  takesNoise(index: number): boolean
  /** The sample as the network wants to see it. */
  scaleModelInput(sample: Float32Array, index: number): Float32Array
  step(index: number, input: StepInput): StepOutput
}

export interface Scheduler {
  /** Throws `SchedulerError` when the scheduler cannot do that many steps. */
  setTimesteps(steps: number): Schedule
}

/** The scheduler does not support its configuration or the number of steps. */
export class SchedulerError extends Error {
  override name = 'SchedulerError'
  readonly type = 'settings_invalid' satisfies FailureType
}

/** Standard normals of a step, or an error that says which step lacks them. */
export const noiseOf = ({ noise }: StepInput, index: number): Float32Array => {
  if (!noise) throw new SchedulerError(`Step ${index + 1} needs noise`)
  return noise
}

export const unscaled = (sample: Float32Array): Float32Array => sample
