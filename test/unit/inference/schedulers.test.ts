import { describe, expect, it } from 'vitest'
import { limits } from '../../../contracts/limits.ts'
import { type SchedulerName, schedulerNames } from '../../../contracts/schedulers.ts'
import { createScheduler } from '../../../inference/numeric/schedulers/index.ts'
import { SchedulerError } from '../../../inference/numeric/schedulers/scheduler.ts'
import type { SchedulerConfig } from '../../../inference/numeric/schedulers/scheduler-config.ts'
import { maxDifference, readGoldenJson } from '../../support/arrays.ts'

interface Case {
  name: SchedulerName
  steps: number
  config: Record<string, unknown>
  result?: { timesteps: number[]; sigmas: number[]; initNoiseSigma: number; latents: number[][] }
  /** The reference's error where it cannot do this one. */
  refused?: string
}

const cases = readGoldenJson<Case[]>('schedulers/golden.json')
const size = 8
const wave = (step: number, phase: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => Math.sin(i * 12.9898 + step * 78.233 + phase) * 1.2)

/** Samples after every step, with predictions and noise by the formula of the script that made the numbers. */
const run = ({ name, config, steps }: Case) => {
  const schedule = createScheduler(name, config).setTimesteps(steps)
  const samples: Float32Array[] = []
  let sample: Float32Array = wave(0, 0.5).map((x) => x * schedule.initNoiseSigma)
  let memory: Float32Array | undefined
  let draws = 0
  for (const index of schedule.timesteps.keys()) {
    const next = schedule.step(index, {
      prediction: wave(index, 1),
      sample,
      ...(memory && { memory }),
      ...(schedule.takesNoise(index) && { noise: wave(++draws, 2) }),
    })
    sample = next.sample
    memory = next.memory
    samples.push(sample)
  }
  return { schedule, samples }
}

/** What differs from the reference, in words. */
const compare = (one: Case): string[] => {
  const { timesteps, sigmas, initNoiseSigma, latents } = one.result!
  const { schedule, samples } = run(one)
  const found: string[] = []
  const check = (what: string, difference: number, most: number) => {
    if (!(difference <= most)) found.push(`${what} by ${difference}: ${JSON.stringify({ ...one, result: undefined })}`)
  }
  check('timesteps', maxDifference(schedule.timesteps, timesteps), one.name.startsWith('euler') ? 1e-3 : 0)
  // Values below 10 to 1e-6 as they are, larger ones (up to thousands) to a few float32 roundings.
  const off = sigmas.map((sigma, i) => Math.abs(schedule.sigmas[i]! - sigma) / Math.max(1, sigma / 3))
  if (schedule.sigmas.length > 0) check('sigmas', Math.max(...off), 1e-6)
  check('initial sigma', Math.abs(schedule.initNoiseSigma - initNoiseSigma) / initNoiseSigma, 1e-6)
  const scale = Math.max(1, ...latents.flat().map(Math.abs))
  samples.slice(-latents.length).forEach((sample, i) => {
    check('samples', maxDifference(sample.slice(0, 3), latents[i]!) / scale, 1e-3)
  })
  return found
}

describe.each(schedulerNames)('%s', (name) => {
  const own = cases.filter((one) => one.name === name && one.result)

  it("has the reference's timesteps, sigmas and samples for every configuration", () => {
    expect(own.length).toBeGreaterThan(50)
    expect(own.flatMap(compare)).toEqual([])
  })
})

it('refuses more steps than a consistency model has', () => {
  const one = cases.find(({ name, result }) => name === 'lcm' && result)!
  expect(() => createScheduler('lcm', one.config).setTimesteps(51)).toThrow(SchedulerError)
})

describe('numbers of steps that rounding or an offset makes impossible', () => {
  const config = { beta_schedule: 'scaled_linear', beta_start: 0.00085, beta_end: 0.012, timestep_spacing: 'leading' }
  const refused: [name: string, steps: number, config: object][] = [
    ['ddim', 1000, { ...config, steps_offset: 1 }],
    ['dpmpp_2m', 1000, config],
    ['dpmpp_2m', 999, { ...config, steps_offset: 1 }],
  ]
  it.each(refused)('are refused by %s: %d', (name, steps, config) => {
    const attempt = () => createScheduler(name, config as SchedulerConfig).setTimesteps(steps)
    expect(attempt).toThrow(SchedulerError)
    expect(attempt).toThrow(`too few timesteps for ${steps} steps`)
  })

  it.each(schedulerNames)('leave %s finite for each that a request may ask for', (name) => {
    const scheduler = createScheduler(name, { ...config, steps_offset: 1 })
    const most = name === 'lcm' ? 50 : limits.steps
    for (let steps = 1; steps <= most; steps++) {
      const schedule = scheduler.setTimesteps(steps)
      let sample: Float32Array = Float32Array.of(1, -0.5).map((x) => x * schedule.initNoiseSigma)
      let memory: Float32Array | undefined
      for (const index of schedule.timesteps.keys()) {
        const prediction = schedule.scaleModelInput(sample, index)
        const noise = Float32Array.of(0.3, -1)
        const next = schedule.step(index, { prediction, sample, noise, ...(memory && { memory }) })
        sample = next.sample
        memory = next.memory
      }
      expect([steps, sample.every(Number.isFinite)]).toEqual([steps, true])
    }
  })
})

describe('trailing timesteps', () => {
  const config = { beta_schedule: 'scaled_linear', beta_start: 0.00085, beta_end: 0.012, timestep_spacing: 'trailing' }

  it("round as numpy's arange does, where the exact value is a half", () => {
    // diffusers 0.42.1, DPMSolverMultistepScheduler.set_timesteps(48)
    const expected = [
      999, 978, 957, 936, 916, 895, 874, 853, 832, 811, 791, 770, 749, 728, 707, 686, 666, 645, 624, 603, 582, 561, 541,
      520, 499, 478, 457, 436, 416, 395, 374, 353, 332, 311, 291, 270, 249, 228, 207, 186, 166, 145, 124, 103, 82, 61,
      41, 20,
    ]
    expect(createScheduler('dpmpp_2m', config).setTimesteps(48).timesteps).toEqual(expected)
  })

  it.each(schedulerNames.filter((name) => name !== 'lcm'))('of %s are as many as asked for, none below 0', (name) => {
    // numpy's arange has 62 values for 61 steps, the last of them -1.
    const { timesteps } = createScheduler(name, config).setTimesteps(61)
    expect(timesteps).toHaveLength(61)
    expect(Math.min(...timesteps)).toBeGreaterThanOrEqual(0)
  })
})
