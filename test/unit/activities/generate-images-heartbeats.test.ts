import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createGenerateImages, type GenerateImagesInput } from '../../../activities/generate-images.ts'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import { encodeVector } from '../../../contracts/embedding.ts'
import { failures } from '../../../contracts/failures.ts'
import type { DiffusionProgress } from '../../../contracts/generate-faces.ts'
import { loadBundle } from '../../../inference/bundle.ts'
import { createDiffusionEngine, type DiffusionEngine } from '../../../inference/engine/diffusion-engine.ts'
import type { SealedStore } from '../../../storage/sealed-store.ts'
import { type ActivityStore, openActivityStore } from '../../support/activity-store.ts'
import { readGolden, rowOf } from '../../support/arrays.ts'
import { eventually } from '../../support/eventually.ts'
import { startActivity } from '../../support/run-activity.ts'
import { settings } from '../../support/settings.ts'

const of = 12
let artifacts: ActivityStore
let diffusion: DiffusionEngine
beforeAll(async () => {
  artifacts = await openActivityStore()
  diffusion = createDiffusionEngine({ bundle: await loadBundle('models/demo') })
})
afterAll(async () => {
  await diffusion.close()
  await artifacts.close()
})

const inputOf = async (predictionId: string): Promise<GenerateImagesInput> => {
  const identityKey = artifactKeys.identity(predictionId)
  await artifacts.put(identityKey, encodeVector(rowOf(readGolden('demo/embedding.npy'), 0)))
  const indices = [0, 2]
  return { predictionId, identityKey, attempt: 1, indices, seeds: [3, 5], settings: { ...settings, num_steps: of } }
}

/** One attempt; `onStep` is called after each step, with what can be done to it. */
const start = (
  input: GenerateImagesInput,
  {
    heartbeatDetails,
    onStep,
    store = artifacts.store,
  }: { heartbeatDetails?: DiffusionProgress; onStep?: (step: number) => void; store?: SealedStore } = {},
) => {
  const watched: DiffusionEngine = {
    ...diffusion,
    generate: (request, options = {}) =>
      diffusion.generate(request, {
        ...options,
        onStep: (event) => {
          options.onStep?.(event)
          onStep?.(event.step)
        },
      }),
  }
  const madeWith = { software: 'test', onnxruntime: '0', executionProviders: ['cpu'], bundleSha256: 'a'.repeat(64) }
  const { generateImages } = createGenerateImages({ store, diffusion: watched, madeWith })
  const attempt = startActivity(generateImages, input, { heartbeatDetails })
  return { ...attempt, heartbeats: attempt.heartbeats as DiffusionProgress[] }
}

const imagesOf = ({ predictionId, indices, attempt }: GenerateImagesInput) =>
  Promise.all(indices.map((index) => artifacts.read(artifactKeys.image(predictionId, index, attempt))))

describe('generateImages', () => {
  it('tells every step in its heartbeats, and the checkpoint and the preview that are stored', async () => {
    const input = await inputOf('told')
    const { result, heartbeats } = start(input)
    const { imageKeys } = await result
    expect(imageKeys).toEqual([0, 2].map((index) => artifactKeys.image('told', index, 1)))
    const steps = heartbeats.map(({ step }) => step)
    expect(new Set(steps)).toEqual(new Set(Array.from({ length: of + 1 }, (_, step) => step)))
    expect(steps).toEqual(steps.toSorted((a, b) => a - b))
    const last = heartbeats.at(-1)!
    expect(last).toMatchObject({ of, checkpointKey: artifactKeys.checkpoint('told', 1) })
    const preview = JSON.parse(new TextDecoder().decode(await artifacts.read(last.preview!.key)))
    expect(preview.images).toEqual(
      [0, 2].map((index) => ({ index, image: expect.stringMatching(/^data:image\/jpeg/) })),
    )
  })

  it('stops within a step once it is canceled, and says how far it came', async () => {
    const input = await inputOf('canceled')
    const attempt = start(input, { onStep: (step) => step === 3 && attempt.cancel() })
    const error = await attempt.result.catch((cause) => cause)
    expect(error).toMatchObject({ name: 'CancelledFailure', details: [{ of }] })
    const [{ step }] = error.details as [DiffusionProgress]
    expect(step).toBeGreaterThanOrEqual(3)
    expect(step).toBeLessThan(of)
    expect(await artifacts.store.head(artifactKeys.image('canceled', 0, 1))).toBeUndefined()
  })

  it('hands the work back where its worker shuts down, to resume at its last step to the same bytes', async () => {
    const whole = await inputOf('whole')
    await start(whole).result
    const input = await inputOf('drained')
    const drained = start(input, { onStep: (step) => step === 4 && drained.cancel('WORKER_SHUTDOWN') })
    await expect(drained.result).rejects.toMatchObject({
      type: failures.workerDraining,
      nonRetryable: false,
      nextRetryDelay: '100 milliseconds',
    })
    const heartbeatDetails = drained.heartbeats.at(-1)!
    expect(heartbeatDetails.step).toBeGreaterThanOrEqual(4)
    const steps: number[] = []
    await start(input, { heartbeatDetails, onStep: (step) => steps.push(step) }).result
    expect(steps[0]).toBe(heartbeatDetails.step + 1)
    const [images, undisturbed] = await Promise.all([imagesOf(input), imagesOf(whole)])
    expect(images.map((image, k) => Buffer.compare(image, undisturbed[k]!))).toEqual([0, 0])
  })

  it('heartbeats for as long as it writes', async () => {
    let goOn: () => void = () => undefined
    const held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    let ended = false
    const store: SealedStore = {
      ...artifacts.store,
      put: async (key, ...rest) => {
        if (key === artifactKeys.checkpoint('slow', 1)) await held
        return artifacts.store.put(key, ...rest)
      },
    }
    const input = await inputOf('slow')
    const attempt = start(input, { store })
    void attempt.result.then(() => {
      ended = true
    })
    await eventually(() => artifacts.read(artifactKeys.madeWith('slow', 1)))
    const before = attempt.heartbeats.length
    await eventually(() => expect(attempt.heartbeats.length).toBeGreaterThan(before))
    expect(ended).toBe(false)
    goOn()
    await attempt.result
  })

  it('fails for good where the vector is gone', async () => {
    const input = await inputOf('gone')
    await artifacts.store.delete([input.identityKey])
    await expect(start(input).result).rejects.toMatchObject({ type: failures.artifactMissing, nonRetryable: true })
  })
})
