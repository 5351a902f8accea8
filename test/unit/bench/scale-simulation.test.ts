import { describe, expect, it } from 'vitest'
import { arrivalTimes, burst } from '../../../bench/scale/arrivals.ts'
import { batchModelOf, batchSpeed } from '../../../bench/scale/batch-speed.ts'
import { createClock } from '../../../bench/scale/clock.ts'
import { createPool } from '../../../bench/scale/pool.ts'
import { erlangC, meanWaitMD1, meanWaitMMc } from '../../../bench/scale/queueing.ts'
import { initialKedaState, type KedaScaling, kedaStep } from '../../../bench/scale/scaling.ts'
import { createRandom, exponential } from '../../../bench/scale/seeded-random.ts'
import { createSharedWorker } from '../../../bench/scale/shared-worker.ts'
import { type Scenario, simulate } from '../../../bench/scale/simulate.ts'
import { mean } from '../../../bench/statistics.ts'

const alone = { fixed: 0, maxImages: 1 }

const scenario = (changes: Partial<Scenario> = {}): Scenario => ({
  seed: 1,
  seconds: 200_000,
  arrivals: { rate: 0.7, kind: 'poisson' },
  images: 1,
  service: { before: 0, after: 0, image: 1 },
  batch: alone,
  slots: 1,
  coldStart: { node: 0, pull: 0, process: 0 },
  scaling: { kind: 'fixed', workers: 1 },
  cores: 1,
  ...changes,
})

describe('the formulas', () => {
  it('are those of the textbooks', () => {
    // M/M/1: rho is the chance of a wait.
    expect(erlangC(1, 0.7)).toBeCloseTo(0.7, 12)
    // Two servers: C = a² / (2 + a) of a = 1.
    expect(erlangC(2, 1)).toBeCloseTo(1 / 3, 12)
    expect(meanWaitMMc(1, 0.5, 1)).toBeCloseTo(1, 12)
    expect(meanWaitMD1(0.5, 1)).toBeCloseTo(0.5, 12)
    expect(meanWaitMD1(1, 1)).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('the simulation against formulas', () => {
  it.each([0.3, 0.7, 0.9])('waits as M/D/1 says at a load of %d', (rate) => {
    const { waits } = simulate(scenario({ arrivals: { rate, kind: 'poisson' }, warmup: 1000 }))
    const wanted = meanWaitMD1(rate, 1)
    expect(mean(waits)).toBeGreaterThan(wanted * 0.92)
    expect(mean(waits)).toBeLessThan(wanted * 1.08)
  })

  it('waits as Erlang C says, with exponential services on several cores', () => {
    const [cores, rate] = [4, 3.2]
    const clock = createClock()
    const random = createRandom(7)
    const pool = createPool(clock, cores)
    const waits: number[] = []
    const times = arrivalTimes({ rate, kind: 'poisson' }, random)
    const next = () => {
      const at = times.next().value as number
      if (at > 100_000) return
      clock.at(at, () => {
        const [from, seconds] = [clock.now, exponential(random, 1)]
        pool.run(seconds, () => waits.push(clock.now - from - seconds))
        next()
      })
    }
    next()
    clock.runUntil(101_000)
    const wanted = meanWaitMMc(cores, rate, 1)
    expect(mean(waits)).toBeGreaterThan(wanted * 0.93)
    expect(mean(waits)).toBeLessThan(wanted * 1.07)
  })

  it('keeps Little: predictions in the system are their rate times their time', () => {
    const { latencies, gpuSeconds, endedAt } = simulate(scenario())
    expect(gpuSeconds.busy / endedAt).toBeCloseTo(0.7, 1)
    expect(latencies.length / endedAt).toBeCloseTo(0.7, 1)
  })

  it('says the same twice, and something else for another seed', () => {
    const one = scenario({ seconds: 100 })
    expect(simulate(one).waits).toEqual(simulate(one).waits)
    expect(simulate({ ...one, seed: 2 }).waits).not.toEqual(simulate(one).waits)
  })
})

describe('arrivals', () => {
  it('come at the rate that is asked for, also in bursts', () => {
    for (const kind of ['poisson', 'bursty'] as const) {
      let count = 0
      for (const at of arrivalTimes({ rate: 5, kind }, createRandom(3))) {
        if (at > 6000) break
        if (kind === 'bursty') expect(at % burst.periodSeconds).toBeLessThan(burst.onSeconds)
        count++
      }
      expect(count / 6000).toBeCloseTo(5, 0)
    }
  })
})

describe('a shared worker', () => {
  const model = batchModelOf(1.45, 4, 4)

  it('is as fast as was measured, and no faster past the largest batch', () => {
    expect(batchSpeed(model, 4)).toBeCloseTo(1.45, 12)
    expect(batchSpeed(model, 1)).toBe(1)
    expect(batchSpeed(model, 16)).toBe(batchSpeed(model, 4))
    expect(batchSpeed(model, 0)).toBe(0)
  })

  it('ends four equal jobs together, after their work over the gain', () => {
    const clock = createClock()
    const worker = createSharedWorker(clock, model)
    const ends: number[] = []
    for (let k = 0; k < 4; k++) worker.start({ images: 1, seconds: 10, done: () => ends.push(clock.now) })
    clock.runUntil(100)
    expect(ends).toHaveLength(4)
    for (const end of ends) expect(end).toBeCloseTo(40 / 1.45, 6)
    expect(worker.busySeconds()).toBeCloseTo(40 / 1.45, 6)
  })

  it('gives a late job its share, and the early one its time back', () => {
    const clock = createClock()
    const worker = createSharedWorker(clock, { fixed: 0, maxImages: 4 })
    const ends: Record<string, number> = {}
    worker.start({ images: 1, seconds: 10, done: () => (ends.early = clock.now) })
    clock.at(5, () => worker.start({ images: 1, seconds: 2, done: () => (ends.late = clock.now) }))
    clock.runUntil(100)
    // Half the speed from 5 to 9, alone before and after.
    expect(ends.late).toBeCloseTo(9, 9)
    expect(ends.early).toBeCloseTo(12, 9)
  })

  it('tells what is left when it is stopped', () => {
    const clock = createClock()
    const worker = createSharedWorker(clock, alone)
    worker.start({ images: 1, seconds: 10, done: () => expect.unreachable() })
    clock.runUntil(4)
    expect(worker.stop()).toEqual([6])
    clock.runUntil(100)
    expect(worker.jobs).toBe(0)
  })
})

describe('scale to zero', () => {
  const coldStart = { node: 60, pull: 30, process: 6 }

  it('makes the first prediction wait for the look and the cold start, and holds no GPU after', () => {
    const outcome = simulate(
      scenario({
        seconds: 3600,
        arrivals: { times: [100.2, 2000.2] },
        coldStart,
        scaling: { kind: 'supervisor', look: 0.5, exitWhenIdle: 60 },
      }),
    )
    for (const wait of outcome.waits) {
      expect(wait).toBeGreaterThanOrEqual(96)
      expect(wait).toBeLessThan(96.6)
    }
    // Twice: start, one second of work, idle for a minute.
    expect(outcome.gpuSeconds.held).toBeGreaterThan(2 * 157 - 1)
    expect(outcome.gpuSeconds.held).toBeLessThan(2 * 157 + 3)
    expect(outcome.workers.atEnd).toBe(0)
  })

  const keda: KedaScaling = {
    kind: 'keda',
    min: 0,
    max: 100,
    pollingInterval: 15,
    targetQueueSize: 4,
    cooldown: 300,
    stabilization: 300,
    downPods: 1,
    downPeriod: 60,
  }
  const looks = (backlogs: readonly number[], running = true) => {
    let state = initialKedaState(keda)
    return backlogs.map((backlog, k) => {
      state = kedaStep(keda, state, { at: k * 15, backlog, running: running || backlog > 0 })
      return state.workers
    })
  }

  it('brings one worker first, then four more or a doubling at each look', () => {
    expect(looks([0, 400, 400, 400, 400, 400, 400])).toEqual([1, 5, 10, 20, 40, 80, 100])
    expect(looks([0, 0], false)).toEqual([0, 0])
  })

  it('lets workers go one a minute, after the backlog was lower for five', () => {
    const counts = looks([...Array(5).fill(40), ...Array(60).fill(0)])
    const most = Math.max(...counts)
    expect(most).toBe(10)
    const first = counts.lastIndexOf(most) + 1
    expect(first * 15 - 4 * 15).toBeGreaterThanOrEqual(300)
    expect(counts[first]).toBe(9)
    expect(counts[first + 3]).toBe(9)
    expect(counts[first + 4]).toBe(8)
  })

  it('takes the last one after the cooldown alone', () => {
    const counts = looks([4, ...Array(30).fill(0)], false)
    expect(counts.slice(0, 21)).toEqual(Array(21).fill(1))
    expect(counts.at(-1)).toBe(0)
  })

  it('ends everything that it began, with workers that come and go', () => {
    const outcome = simulate(
      scenario({
        seconds: 7200,
        arrivals: { rate: 2, kind: 'bursty' },
        batch: batchModelOf(1.45, 4, 4),
        slots: 4,
        service: { before: 0.1, after: 0.1, image: 2 },
        cores: 8,
        coldStart,
        scaling: keda,
      }),
    )
    expect(outcome.refused).toBe(0)
    expect(outcome.ended).toBe(outcome.arrived)
    expect(outcome.latencies).toHaveLength(outcome.arrived)
    expect(outcome.gpuSeconds.busy).toBeLessThan(outcome.gpuSeconds.held)
    // All work was done, at a speed between that of one job and that of a full batch.
    const work = outcome.arrived * 2
    expect(outcome.gpuSeconds.busy).toBeGreaterThan(work / 1.45 - 1)
    expect(outcome.gpuSeconds.busy).toBeLessThan(work + 1)
  })

  it('refuses what is over the bound', () => {
    const { refused, ended, arrived } = simulate(
      scenario({ seconds: 50, arrivals: { rate: 10, kind: 'poisson' }, maxRunning: 5 }),
    )
    expect(refused).toBeGreaterThan(300)
    expect(ended + refused).toBe(arrived)
  })
})
