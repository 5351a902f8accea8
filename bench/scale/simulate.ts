import { type Arrivals, arrivalTimes } from './arrivals.ts'
import type { BatchModel } from './batch-speed.ts'
import { createClock } from './clock.ts'
import { createFleet, type Fleet } from './gpu-fleet.ts'
import { createPool } from './pool.ts'
import { initialKedaState, kedaStep, type Scaling } from './scaling.ts'
import { createRandom } from './seeded-random.ts'

export interface ServiceTimes {
  /** Core seconds of the steps before and after the diffusion. */
  readonly before: number
  readonly after: number
  /** Of the gpu worker, by one image alone. */
  readonly image: number
}

export interface Scenario {
  readonly seed: number
  /** How long predictions come; the run ends when the last of them has ended, or after four times as long. */
  readonly seconds: number
  /** Predictions that come before are not counted. */
  readonly warmup?: number
  /** When they come; given times take the place of a rate. */
  readonly arrivals: Arrivals | { readonly times: readonly number[] }
  readonly images: number
  readonly service: ServiceTimes
  readonly batch: BatchModel
  /** Jobs of one gpu worker at once. */
  readonly slots: number
  readonly coldStart: ColdStart
  readonly scaling: Scaling
  /** Cores of the cpu queue's workers. */
  readonly cores: number
  /** IDEM_MAX_RUNNING: more at once are refused. */
  readonly maxRunning?: number
}

export interface ColdStart {
  /** Until there is a machine. */
  readonly node: number
  /** Until the image is on it. */
  readonly pull: number
  /** Until the process takes tasks with its networks loaded. */
  readonly process: number
}

export interface Outcome {
  readonly arrived: number
  readonly ended: number
  readonly refused: number
  /** Seconds in the gpu queue, and from arrival to end, of those that are counted. */
  readonly waits: Float64Array
  readonly latencies: Float64Array
  /** Seconds of the diffusion itself. */
  readonly runs: Float64Array
  readonly workers: { readonly most: number; readonly mean: number; readonly atEnd: number }
  /** Workers up, looked at every `lookSeconds`. */
  readonly workersUp: readonly number[]
  readonly gpuSeconds: { readonly held: number; readonly busy: number }
  readonly cpuBusySeconds: number
  readonly endedAt: number
}

const lookSeconds = 15
const drainFactor = 4

const timesOf = (arrivals: Scenario['arrivals'], random: () => number): Iterator<number> =>
  'times' in arrivals ? arrivals.times[Symbol.iterator]() : arrivalTimes(arrivals, random)

/** Runs a scenario; the same for the same seed. */
export const simulate = (scenario: Scenario): Outcome => {
  const { seconds, warmup = 0, images, service, coldStart, scaling } = scenario
  const clock = createClock()
  const times = timesOf(scenario.arrivals, createRandom(scenario.seed))
  const cpu = createPool(clock, scenario.cores)
  const fleet = createFleet(clock, {
    slots: scenario.slots,
    batch: scenario.batch,
    startSeconds: coldStart.node + coldStart.pull + coldStart.process,
    random: createRandom(scenario.seed + 1),
  })
  const waits: number[] = []
  const latencies: number[] = []
  const runs: number[] = []
  const [counts, workersUp] = [{ arrived: 0, ended: 0, refused: 0 }, [] as number[]]
  let running = 0

  const arrive = () => {
    const arrivedAt = clock.now
    counts.arrived += 1
    if (running >= (scenario.maxRunning ?? Number.POSITIVE_INFINITY)) {
      counts.refused += 1
      return
    }
    running += 1
    const counted = arrivedAt >= warmup
    cpu.run(service.before, () => {
      const queuedAt = clock.now
      let startedAt = queuedAt
      fleet.add({
        images,
        seconds: images * service.image,
        onStart: () => {
          startedAt = clock.now
          if (counted) waits.push(clock.now - queuedAt)
        },
        onDone: () => {
          if (counted) runs.push(clock.now - startedAt)
          cpu.run(service.after, () => {
            running -= 1
            counts.ended += 1
            if (counted) latencies.push(clock.now - arrivedAt)
          })
        },
      })
    })
  }
  const next = () => {
    const { value, done } = times.next()
    if (done || value > seconds) return
    clock.at(value, () => {
      arrive()
      next()
    })
  }
  next()
  scale(clock, fleet, scaling, () => running)
  const look = () => {
    workersUp.push(fleet.up)
    clock.after(lookSeconds, look)
  }
  look()

  clock.runUntil(seconds)
  while (running > 0 && clock.now < seconds * drainFactor) clock.runUntil(clock.now + 1)
  const gpuSeconds = fleet.usage()
  return {
    ...counts,
    waits: Float64Array.from(waits),
    latencies: Float64Array.from(latencies),
    runs: Float64Array.from(runs),
    workers: { most: fleet.busiest, mean: gpuSeconds.held / clock.now, atEnd: fleet.workers },
    workersUp,
    gpuSeconds,
    cpuBusySeconds: cpu.busySeconds(),
    endedAt: clock.now,
  }
}

const scale = (clock: ReturnType<typeof createClock>, fleet: Fleet, scaling: Scaling, running: () => number): void => {
  if (scaling.kind === 'fixed') {
    fleet.resize(scaling.workers)
    return
  }
  if (scaling.kind === 'supervisor') {
    const look = () => {
      if (fleet.workers === 0 && fleet.backlog > 0) fleet.resize(1)
      else if ((fleet.idleSeconds() ?? 0) >= scaling.exitWhenIdle) fleet.resize(0)
      clock.after(scaling.look, look)
    }
    look()
    return
  }
  let state = initialKedaState(scaling)
  fleet.resize(state.workers)
  const look = () => {
    state = kedaStep(scaling, state, { at: clock.now, backlog: fleet.backlog, running: running() > 0 })
    fleet.resize(state.workers)
    clock.after(scaling.pollingInterval, look)
  }
  look()
}
