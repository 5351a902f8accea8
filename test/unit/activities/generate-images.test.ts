import { randomUUID } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { cp, mkdtemp, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MockActivityEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDiscardLeftovers } from '../../../activities/discard-leftovers.ts'
import { createGenerateImages, type GenerateImagesInput } from '../../../activities/generate-images.ts'
import { translateFailures } from '../../../activities/shared/failure.ts'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import type { DiffusionSettings } from '../../../contracts/diffusion-settings.ts'
import { encodeVector } from '../../../contracts/embedding.ts'
import type { DiffusionProgress, MadeWith } from '../../../contracts/generate-faces.ts'
import { type Bundle, loadBundle } from '../../../inference/bundle.ts'
import { type Checkpoint, encodeCheckpoint } from '../../../inference/diffusion/checkpoint.ts'
import {
  createDiffusionEngine,
  type DiffusionEngine,
  type GenerateRequest,
} from '../../../inference/engine/diffusion-engine.ts'
import { toBase64 } from '../../../lib/base64.ts'
import { parseKeyRing } from '../../../lib/crypto/key-ring.ts'
import { createFileStore } from '../../../storage/drivers/file/file-store.ts'
import { createSealedStore, type SealedStore } from '../../../storage/sealed-store.ts'
import { type ArtifactStore, ArtifactStoreError, readAll } from '../../../storage/store.ts'
import { readGolden, rowOf } from '../../support/arrays.ts'
import { runActivity } from '../../support/run-activity.ts'
import { settings as defaults } from '../../support/settings.ts'

const settings: DiffusionSettings = { ...defaults, num_steps: 5 }
const embedding = rowOf(readGolden('demo/embedding.npy'), 0)

let root: string
let plain: ArtifactStore
let store: SealedStore
let bundle: Bundle
let engine: DiffusionEngine
const others: DiffusionEngine[] = []
/** After step 2 of what `begin` makes. */
let checkpoint: Checkpoint
/** What `begin` makes where nothing disturbs it. */
let undisturbed: Uint8Array[]

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'idem-generate-'))
  plain = createFileStore({ root: join(root, 'store'), publicUrl: 'http://127.0.0.1', signingKey: new Uint8Array(32) })
  store = createSealedStore(plain, parseKeyRing(`a:${toBase64(new Uint8Array(32).fill(1))}`))
  bundle = await loadBundle('models/demo')
  engine = createDiffusionEngine({ bundle })
  checkpoint = await runTo2({ images: [{ embedding, seed: 3 }], settings })
  undisturbed = (await run({ input: await begin() })).images
})
afterAll(async () => {
  await Promise.all([engine, ...others].map((one) => one.close()))
  await rm(root, { recursive: true, force: true })
})

const madeBy = (bundleSha256: string): MadeWith => ({
  software: 'Idem test',
  onnxruntime: '0',
  executionProviders: ['cpu'],
  bundleSha256,
})

/** A prediction whose vector is stored, and the input of its diffusion. */
const begin = async (): Promise<GenerateImagesInput> => {
  const predictionId = randomUUID()
  const identityKey = artifactKeys.identity(predictionId)
  await store.put(identityKey, encodeVector(embedding), { contentType: 'application/octet-stream' })
  return { predictionId, identityKey, attempt: 0, indices: [0], seeds: [3], settings }
}

interface RunOptions {
  input: GenerateImagesInput
  diffusion?: DiffusionEngine
  bundleSha256?: string
  heartbeatDetails?: DiffusionProgress
  from?: ArtifactStore
}

/** One attempt of the step as a worker makes it, and what could be seen of it. */
const run = async ({
  input,
  diffusion = engine,
  bundleSha256 = bundle.sha256,
  heartbeatDetails,
  from = store,
}: RunOptions) => {
  const requests: GenerateRequest[] = []
  const steps: number[] = []
  const warnings: string[] = []
  const watched: DiffusionEngine = {
    ...diffusion,
    generate: (request, options = {}) => {
      requests.push(request)
      return diffusion.generate(request, {
        ...options,
        onStep: (event) => {
          steps.push(event.step)
          options.onStep?.(event)
        },
      })
    },
  }
  const quiet = () => undefined
  const logger = {
    trace: quiet,
    debug: quiet,
    info: quiet,
    error: quiet,
    log: quiet,
    warn: (m: string) => warnings.push(m),
  }
  const environment = new MockActivityEnvironment({ heartbeatDetails }, { logger: logger as never })
  const { generateImages } = translateFailures(
    createGenerateImages({ store: from, diffusion: watched, madeWith: madeBy(bundleSha256) }),
  )
  const result = await environment.run(generateImages as never, input as never)
  const { imageKeys, madeWith } = result as Awaited<ReturnType<typeof generateImages>>
  const images = await Promise.all(imageKeys.map(async (key) => readAll((await store.get(key))!)))
  return { images, imageKeys, madeWith, requests, steps, warnings }
}

/** The checkpoint after step 2 of a run of this request. */
const runTo2 = async (request: GenerateRequest): Promise<Checkpoint> => {
  const checkpoints: Checkpoint[] = []
  await engine.generate(request, { onStep: ({ checkpoint }) => checkpoints.push(checkpoint) })
  return checkpoints[1]!
}

/** Stores a checkpoint where an earlier attempt would have; what its last heartbeat said. */
const leave = async ({ predictionId }: GenerateImagesInput, bytes: Uint8Array): Promise<DiffusionProgress> => {
  const checkpointKey = artifactKeys.checkpoint(predictionId)
  await store.put(checkpointKey, bytes, { contentType: 'application/octet-stream' })
  return { step: 2, of: settings.num_steps, checkpointKey }
}

const resumed = [3, 4, 5]
const startedOver = [1, 2, 3, 4, 5]

describe('generateImages with a checkpoint', () => {
  it('resumes after its step, to the same bytes', async () => {
    const input = await begin()
    const heartbeatDetails = await leave(input, encodeCheckpoint(checkpoint))
    const { steps, images } = await run({ input, heartbeatDetails })
    expect(checkpoint.run.bundleSha256).toBe(bundle.sha256)
    expect(steps).toEqual(resumed)
    expect(images).toEqual(undisturbed)
  })

  it('resumes with settings from before a field was added to them', async () => {
    const input = await begin()
    const { generator: _, ...older } = settings
    const identity = { ...checkpoint.run, settings: older as DiffusionSettings }
    const bytes = encodeCheckpoint({ ...checkpoint, run: identity })
    expect((await run({ input, heartbeatDetails: await leave(input, bytes) })).steps).toEqual(resumed)
  })

  const foreign: [name: string, bytes: () => Promise<Uint8Array>][] = [
    ['is cut short', async () => encodeCheckpoint(checkpoint).subarray(0, -5)],
    ['is something else', async () => new TextEncoder().encode('something else entirely')],
    ['is empty', async () => new Uint8Array()],
    [
      'holds numbers that are not finite',
      async () => encodeCheckpoint({ ...checkpoint, latents: checkpoint.latents.map(() => Number.NaN) }),
    ],
    [
      'belongs to another seed',
      async () => encodeCheckpoint(await runTo2({ images: [{ embedding, seed: 4 }], settings })),
    ],
    [
      'belongs to other settings',
      async () =>
        encodeCheckpoint(
          await runTo2({ images: [{ embedding, seed: 3 }], settings: { ...settings, generator: 'cpu' } }),
        ),
    ],
    [
      'has a setting that this release does not know',
      async () => {
        const newer = { ...checkpoint.run.settings, eta: 0.5 } as DiffusionSettings
        return encodeCheckpoint({ ...checkpoint, run: { ...checkpoint.run, settings: newer } })
      },
    ],
    [
      'is the latents of another bundle',
      async () => encodeCheckpoint({ ...checkpoint, run: { ...checkpoint.run, bundleSha256: 'b'.repeat(64) } }),
    ],
    [
      'is from a release that did not write its bundle',
      async () => {
        const { num_steps: steps, guidance_scale: guidanceScale, scheduler, generator } = settings
        const { seeds, inputs } = checkpoint.run
        const older = { steps, guidanceScale, scheduler, generator, seeds, inputs }
        return encodeCheckpoint({ ...checkpoint, run: older as never })
      },
    ],
  ]
  it.each(foreign)('starts over with a warning if it %s', async (_, bytesOf) => {
    const input = await begin()
    const heartbeatDetails = await leave(input, await bytesOf())
    const { steps, warnings, images } = await run({ input, heartbeatDetails })
    expect(steps).toEqual(startedOver)
    expect(warnings).toContainEqual(expect.stringMatching(/^The diffusion starts over: /))
    expect(images).toEqual(undisturbed)
  })

  it('starts over if the sealed bytes were changed where they are stored', async () => {
    const input = await begin()
    const heartbeatDetails = await leave(input, encodeCheckpoint(checkpoint))
    await plain.put(heartbeatDetails.checkpointKey!, new Uint8Array(500), { contentType: 'application/octet-stream' })
    expect((await run({ input, heartbeatDetails })).steps).toEqual(startedOver)
  })

  it('starts over if it is gone', async () => {
    const input = await begin()
    const heartbeatDetails = { step: 2, of: 5, checkpointKey: artifactKeys.checkpoint(input.predictionId) }
    expect((await run({ input, heartbeatDetails })).steps).toEqual(startedOver)
  })

  it('is tried again if the store does not answer', async () => {
    const input = await begin()
    const heartbeatDetails = await leave(input, encodeCheckpoint(checkpoint))
    const silent: ArtifactStore = {
      ...store,
      get: async (key) => {
        if (key !== heartbeatDetails.checkpointKey) return store.get(key)
        throw new ArtifactStoreError('The store does not answer', { retryable: true })
      },
    }
    const attempt = run({ input, heartbeatDetails, from: silent })
    await expect(attempt).rejects.toMatchObject({ type: 'storage_unavailable', nonRetryable: false })
  })
})

describe('generateImages with images of an earlier attempt', () => {
  it('names what made them, not itself', async () => {
    const input = await begin()
    const first = await run({ input, bundleSha256: 'b'.repeat(64) })
    const second = await run({ input })
    expect(second.requests).toEqual([])
    expect(second.madeWith).toEqual(first.madeWith)
    expect(second.madeWith.bundleSha256).toBe('b'.repeat(64))
  })

  it.each([
    ['nothing says what made them', (id: string) => store.delete([artifactKeys.madeWith(id)])],
    ['one of them is missing', (id: string) => store.delete([artifactKeys.image(id, 0)])],
    [
      'what says it is damaged',
      (id: string) => plain.put(artifactKeys.madeWith(id), new Uint8Array(90), { contentType: 'application/json' }),
    ],
  ])('makes them again if %s', async (_, spoil) => {
    const input = await begin()
    await run({ input, bundleSha256: 'b'.repeat(64) })
    await spoil(input.predictionId)
    const { steps, madeWith } = await run({ input })
    expect(steps).toEqual(startedOver)
    expect(madeWith.bundleSha256).toBe(bundle.sha256)
  })
})

describe('generateImages with an input', () => {
  it('from before settings were one object makes the same images', async () => {
    const { settings: _, ...rest } = await begin()
    const { num_steps: numSteps, guidance_scale: guidanceScale, scheduler, generator } = settings
    const older = { ...rest, numSteps, guidanceScale, scheduler, generator }
    const { images, requests } = await run({ input: older as never })
    expect(requests[0]!.settings).toEqual(settings)
    expect(images).toEqual(undisturbed)
  })

  it('from before a setting was added uses its default', async () => {
    const { generator: _, ...older } = settings
    const { requests } = await run({ input: { ...(await begin()), settings: older as DiffusionSettings } })
    expect(requests[0]!.settings).toEqual(settings)
  })
})

describe('generateImages fails for good', () => {
  const failure = async (options: Partial<RunOptions>) =>
    run({ input: await begin(), ...options }).then(
      () => 'it did not fail',
      ({ type, nonRetryable, message }) => ({ type, nonRetryable, message }),
    )
  const engineOf = (options: Parameters<typeof createDiffusionEngine>[0]) => {
    const other = createDiffusionEngine(options)
    others.push(other)
    return other
  }

  it('with settings_invalid if the scheduler cannot do so many steps', async () => {
    const lcm = { ...settings, scheduler: 'lcm', num_steps: 60 } as const
    expect(await failure({ input: { ...(await begin()), settings: lcm } })).toEqual({
      type: 'settings_invalid',
      nonRetryable: true,
      message: 'The scheduler lcm supports 1 to 50 steps, not 60',
    })
  })

  it('with embedding_invalid if the vector is of another length than the bundle takes', async () => {
    const input = await begin()
    await store.put(input.identityKey, encodeVector(new Float32Array(4)), { contentType: 'application/octet-stream' })
    expect(await failure({ input })).toMatchObject({ type: 'embedding_invalid', nonRetryable: true })
  })

  it('with bundle_invalid, which names the file, if a network does not load', async () => {
    const folder = join(root, 'broken')
    await cp('models/demo', folder, { recursive: true })
    await truncate(join(folder, 'unet.onnx'), 1000)
    const diffusion = engineOf({ bundle: await loadBundle(folder) })
    const { message, ...rest } = (await failure({ diffusion })) as { message: string }
    expect(rest).toEqual({ type: 'bundle_invalid', nonRetryable: true })
    expect(message).toBe('Cannot load the network unet.onnx')
  })

  it('with bundle_invalid if a network is another one than the manifest means', async () => {
    const folder = join(root, 'mixed-up')
    await cp('models/demo', folder, { recursive: true })
    await cp('models/demo/vae_decoder.onnx', join(folder, 'unet.onnx'))
    const diffusion = engineOf({ bundle: await loadBundle(folder) })
    expect(await failure({ diffusion })).toMatchObject({ type: 'bundle_invalid', nonRetryable: true })
  })

  it('with provider_missing if the device cannot be used', async () => {
    // onnxruntime-node knows no such provider on any machine.
    const diffusion = engineOf({ bundle, executionProviders: ['abacus'] })
    expect(await failure({ diffusion })).toMatchObject({
      type: 'provider_missing',
      nonRetryable: true,
      message: 'The execution provider abacus cannot be used on this machine',
    })
  })
})

it('leaves nothing but the vector once drafts are discarded', async () => {
  const input = await begin()
  await run({ input })
  const folder = join(root, 'store', 'predictions', input.predictionId)
  expect(readdirSync(folder)).toContain('made-with-0.json')
  const { discardLeftovers } = createDiscardLeftovers({ store })
  await runActivity(discardLeftovers, { predictionId: input.predictionId, keepPhotos: false })
  expect(readdirSync(folder)).toEqual(['identity.f32'])
})
