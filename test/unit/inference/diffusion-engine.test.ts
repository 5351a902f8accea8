import { performance } from 'node:perf_hooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DiffusionSettings } from '../../../contracts/diffusion-settings.ts'
import { type Bundle, loadBundle } from '../../../inference/bundle.ts'
import {
  type Checkpoint,
  CheckpointError,
  decodeCheckpoint,
  encodeCheckpoint,
} from '../../../inference/diffusion/checkpoint.ts'
import { identityOf } from '../../../inference/diffusion/request.ts'
import type { Unet } from '../../../inference/diffusion/unet.ts'
import { fixedBatchLimit, measuredBatchLimit } from '../../../inference/engine/batch-limit.ts'
import { createBatcher } from '../../../inference/engine/batcher.ts'
import {
  createDiffusionEngine,
  type DiffusionEngine,
  type GenerateRequest,
  type StepEvent,
} from '../../../inference/engine/diffusion-engine.ts'
import { OutOfMemory } from '../../../inference/engine/out-of-memory.ts'
import { readGolden, rowOf } from '../../support/arrays.ts'
import { eventually } from '../../support/eventually.ts'
import { settings } from '../../support/settings.ts'

let bundle: Bundle
let engine: DiffusionEngine
const faces = readGolden('demo/embedding.npy')

beforeAll(async () => {
  bundle = await loadBundle('models/demo')
  engine = createDiffusionEngine({ bundle })
})
afterAll(() => engine.close())

const request = (changes: Partial<DiffusionSettings> = {}, person = 0, seed = 3): GenerateRequest => ({
  images: [{ embedding: rowOf(faces, person), seed }],
  settings: { ...settings, num_steps: 12, ...changes },
})

describe('a generation', () => {
  it('leaves the calling thread free', async () => {
    await engine.generate(request({ num_steps: 1 }))
    const before = performance.eventLoopUtilization()
    await engine.generate(request({ num_steps: 20 }))
    const { utilization } = performance.eventLoopUtilization(before)
    // It would be near 1 if the steps ran on this thread.
    expect(utilization).toBeLessThan(0.5)
  })

  it.each(['dpmpp_2m', 'ddim', 'euler', 'euler_ancestral', 'lcm'] as const)(
    'goes on from a checkpoint of %s to the same image, bit for bit',
    async (scheduler) => {
      const whole = request({ scheduler, num_steps: 8 })
      const checkpoints: Checkpoint[] = []
      const [undisturbed] = await engine.generate(whole, { onStep: ({ checkpoint }) => checkpoints.push(checkpoint) })
      const resume = decodeCheckpoint(encodeCheckpoint(checkpoints[4]!))
      const steps: number[] = []
      const [resumed] = await engine.generate({ ...whole, resume }, { onStep: ({ step }) => steps.push(step) })
      expect(steps).toEqual([6, 7, 8])
      expect(resumed!.data).toEqual(undisturbed!.data)
    },
  )

  it('stops before its end and says after which step', async () => {
    const stop = new AbortController()
    const seen: number[] = []
    const running = engine.generate(request({ num_steps: 60 }), {
      signal: stop.signal,
      onStep: ({ step }) => {
        seen.push(step)
        if (step === 3) stop.abort()
      },
    })
    await expect(running).rejects.toMatchObject({ name: 'Stopped' })
    const { step } = (await running.catch((error) => error)) as { step: number }
    expect(step).toBe(seen.length)
    // How soon the request reaches the thread is up to the machine.
    expect(step).toBeLessThan(60)
  })

  it('loads its networks again where they were released after idling, to the same image', async () => {
    const idle = createDiffusionEngine({ bundle, idleReleaseMs: 1 })
    let loads = 0
    const onStep = ({ loadMs }: StepEvent) => {
      if (loadMs !== undefined) loads++
    }
    try {
      const [first] = await idle.generate(request({ num_steps: 2 }), { onStep })
      expect(loads).toBe(1)
      await eventually(async () => {
        const [again] = await idle.generate(request({ num_steps: 2 }), { onStep })
        expect(again!.data).toEqual(first!.data)
        expect(loads).toBeGreaterThan(1)
      })
    } finally {
      await idle.close()
    }
  })

  it('shows small pictures on the way', async () => {
    const previews: number[] = []
    await engine.generate(request({ num_steps: 6 }), {
      previewEvery: 3,
      onStep: (event) => event.previews && previews.push(event.step, event.previews[0]!.width),
    })
    expect(previews).toEqual([3, 16, 6, 16])
  })
})

describe('jobs that run together', () => {
  it('make the same images as alone, bit for bit, guided or not, at whatever step', async () => {
    const jobs = [
      request({ num_steps: 10 }, 0, 1),
      request({ num_steps: 14, scheduler: 'euler' }, 1, 2),
      request({ num_steps: 6, guidance_scale: 1 }, 2, 3),
      { ...request({ num_steps: 9 }), images: [0, 1, 2].map((k) => ({ embedding: rowOf(faces, k), seed: 40 + k })) },
    ]
    const alone: Uint8Array[][] = []
    for (const job of jobs) alone.push((await engine.generate(job)).map(({ data }) => data))
    const together = await Promise.all(jobs.map((job) => engine.generate(job)))
    expect(together.map((images) => images.map(({ data }) => data))).toEqual(alone)
  })
})

describe('the batcher', () => {
  const row = (timestep: number) => ({
    sample: new Float32Array(4),
    timestep,
    prompt: new Float32Array(4),
    conditionings: {},
  })
  const shape = [1, 2, 2] as const

  it('puts rows that wait together into one call, and no more than fit', async () => {
    const sizes: number[] = []
    const unet: Unet = {
      predict: async (rows) => {
        sizes.push(rows.length)
        return rows.map(({ timestep }) => Float32Array.of(timestep))
      },
    }
    const batcher = createBatcher(unet, fixedBatchLimit(4))
    const found = await Promise.all([1, 2, 3].map((job) => batcher.predict([row(job), row(job * 10)], shape)))
    expect(sizes).toEqual([4, 2])
    expect(found.map((rows) => rows.map(([value]) => value))).toEqual([
      [1, 10],
      [2, 20],
      [3, 30],
    ])
  })

  it('lets jobs take turns, so that one of many images does not hold up one of few', async () => {
    const order: number[] = []
    let small: Promise<unknown> | undefined
    const batcher: ReturnType<typeof createBatcher> = createBatcher(
      {
        predict: async (rows) => {
          order.push(...rows.map(({ timestep }) => timestep))
          // The small job comes while the first rows of the large one are under way, and again after its first step.
          small ??= batcher
            .predict([row(100), row(101)], shape)
            .then(() => batcher.predict([row(200), row(201)], shape))
          return rows.map(({ sample }) => sample)
        },
      },
      fixedBatchLimit(4),
    )
    await batcher.predict(
      Array.from({ length: 16 }, (_, k) => row(k)),
      shape,
    )
    await small
    expect(order.slice(0, 4)).toEqual([0, 1, 2, 3])
    expect(new Set(order.slice(4, 8))).toEqual(new Set([4, 5, 100, 101]))
    expect(new Set(order.slice(8, 12))).toEqual(new Set([6, 7, 200, 201]))
  })

  it('shares evenly between jobs that each fill a call', async () => {
    const served = { first: 0, second: 0 }
    const counts: (typeof served)[] = []
    const batcher = createBatcher(
      {
        predict: async (rows) => {
          for (const { timestep } of rows) served[timestep === 1 ? 'first' : 'second']++
          counts.push({ ...served })
          return rows.map(({ sample }) => sample)
        },
      },
      fixedBatchLimit(4),
    )
    const job = async (timestep: number) => {
      for (let step = 0; step < 10; step++) await batcher.predict(Array(8).fill(row(timestep)), shape)
    }
    await Promise.all([job(1), job(2)])
    const apart = counts.map(({ first, second }) => Math.abs(first - second))
    expect(Math.max(...apart)).toBeLessThanOrEqual(8)
  })

  it('halves a batch that the device cannot hold, and fails only where one row is too much', async () => {
    const limited = (most: number): Unet => ({
      predict: async (rows) => {
        if (rows.length > most) throw new Error('Failed to allocate memory for requested buffer of size 1')
        return rows.map(({ timestep }) => Float32Array.of(timestep))
      },
    })
    const rows = [1, 2, 3, 4, 5, 6, 7].map(row)
    const found = await createBatcher(limited(2), fixedBatchLimit(8)).predict(rows, shape)
    expect(found.map(([value]) => value)).toEqual([1, 2, 3, 4, 5, 6, 7])
    await expect(createBatcher(limited(0), fixedBatchLimit(8)).predict(rows, shape)).rejects.toThrow(OutOfMemory)
  })
})

it('refuses arrays of another length by name, before they meet other jobs', async () => {
  const images = [{ embedding: rowOf(faces, 0), seed: 1, latents: new Float32Array(5) }]
  await expect(engine.generate({ ...request(), images })).rejects.toMatchObject({
    name: 'RequestError',
    message: expect.stringContaining('latents has 5 numbers'),
  })
})

describe('the measured batch limit', () => {
  /** Plays full calls on a device where a call of n rows takes `msOf(n)`. */
  const play = (msOf: (rows: number) => number) => {
    const limit = measuredBatchLimit()
    for (let call = 0; call < 100; call++) limit.record({ rows: limit.rows, ms: msOf(limit.rows), waiting: 1000 })
    return limit.rows
  }

  it('grows while a row gets cheaper, and stays where it does not', () => {
    expect(play((rows) => 10 * rows)).toBe(2)
    expect(play((rows) => 10 * Math.max(rows, 16))).toBe(16)
    expect(play(() => 100)).toBe(64)
  })

  it('judges no call that nobody waited for, and takes what memory allows for good', () => {
    const limit = measuredBatchLimit()
    for (let call = 0; call < 100; call++) limit.record({ rows: limit.rows, ms: 100, waiting: limit.rows })
    expect(limit.rows).toBe(2)
    limit.outOfMemory(2)
    for (let call = 0; call < 100; call++) limit.record({ rows: limit.rows, ms: 100, waiting: 1000 })
    expect(limit.rows).toBe(1)
  })
})

describe('a checkpoint', () => {
  const run = { bundleSha256: '', settings: { ...settings, num_steps: 4 }, seeds: ['1'], inputs: '' }
  const checkpoint = { run, step: 2, latents: Float32Array.of(1, 2), memory: Float32Array.of(3, 4) }

  it('is refused by a run of the same seed for another person', async () => {
    const mine = { run: identityOf(request(), bundle.sha256), step: 2, latents: new Float32Array(4 * 16 * 16) }
    const theirs = engine.generate({ ...request({}, 1), resume: mine })
    await expect(theirs).rejects.toMatchObject({ name: 'CheckpointError' })
  })

  it('survives its bytes', () => {
    expect(decodeCheckpoint(encodeCheckpoint(checkpoint))).toEqual(checkpoint)
  })

  it('is refused where it is damaged or of another run', async () => {
    const bytes = encodeCheckpoint(checkpoint)
    expect(() => decodeCheckpoint(bytes.subarray(0, bytes.length - 5))).toThrow(CheckpointError)
    expect(() => decodeCheckpoint(new TextEncoder().encode('something else entirely'))).toThrow(CheckpointError)
    await expect(engine.generate({ ...request(), resume: checkpoint })).rejects.toMatchObject({
      name: 'CheckpointError',
    })
  })
})
