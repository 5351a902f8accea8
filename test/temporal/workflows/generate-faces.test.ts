import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import { failures } from '../../../contracts/failures.ts'
import type { GenerateFacesInput, GenerateFacesResult } from '../../../contracts/generate-faces.ts'
import { newPredictionId } from '../../../contracts/prediction-id.ts'
import type { StepName } from '../../../contracts/steps.ts'
import { createGates } from '../../support/gates.ts'
import type { StepDouble } from '../../support/instant-steps.ts'
import { settings } from '../../support/settings.ts'
import { type StepWorld, startStepWorld } from '../../support/step-world.ts'

let world: StepWorld
beforeAll(async () => {
  world = await startStepWorld()
})
afterAll(() => world.stop())

const inputOf = (more: Partial<GenerateFacesInput> = {}): GenerateFacesInput => ({
  predictionId: newPredictionId(),
  retentionMs: 3_600_000,
  keepPhotos: false,
  photos: [{ url: 'https://example.com/portrait.jpg' }],
  faceSelection: 'largest',
  minFaceSizePx: 0,
  seeds: [10],
  settings,
  maxAttempts: 3,
  echo: {},
  ...more,
})
type Plan = Partial<Record<StepName, StepDouble>>
/** The same of a person whose vector is there. */
const knownOf = (more: Partial<GenerateFacesInput> = {}) => {
  const predictionId = newPredictionId()
  return inputOf({ predictionId, photos: [], identityKey: artifactKeys.identity(predictionId), ...more })
}
const start = (input: GenerateFacesInput, plan?: Plan) => world.start('generateFaces', input, plan)
const run = async (input: GenerateFacesInput, plan?: Plan): Promise<GenerateFacesResult> => {
  await start(input, plan)
  const { result, failure } = await world.ended<GenerateFacesResult>(input.predictionId)
  return result ?? expect.fail(`The prediction did not succeed: ${failure?.message}`)
}
/** How a prediction ends that does not succeed. */
const end = async ({ predictionId }: GenerateFacesInput) => {
  const { state, failure } = await world.ended(predictionId)
  return { state, ...failure }
}

const madeWith = { software: 'test', onnxruntime: '0', executionProviders: ['cpu'], bundleSha256: 'a'.repeat(64) }
/** Stores nothing, and names what it would have made. */
const name: StepDouble = async ({ attempt, indices }) => ({
  imageKeys: indices.map((index) => `image-${index}-attempt-${attempt}`),
  madeWith,
})
/** How like the person each image is, by image and attempt. */
const like =
  (table: readonly (readonly (number | null)[])[]): StepDouble =>
  async ({ imageKeys }) => ({
    similarity: imageKeys.map((key) => {
      const [index, attempt] = key.match(/\d+/g)!.map(Number)
      return table[index!]![attempt!]!
    }),
  })

describe('generateFaces', () => {
  it('takes one step after the other, and tidies up last', async () => {
    const input = inputOf({ seeds: [10, 11] })
    const { images, faces, timingsMs } = await run(input)
    const order = ['intakePhoto', 'findFace', 'embedFace', 'generateImages', 'verifyImages', 'publishImages']
    expect(world.stepsOf(input.predictionId)).toEqual([...order, 'discardLeftovers'])
    expect(Object.keys(timingsMs).toSorted()).toEqual(order.toSorted())
    expect(images.map(({ seed, attempts }) => [seed, attempts])).toEqual([
      [10, [{ seed: 10, similarity: 1 }]],
      [11, [{ seed: 11, similarity: 1 }]],
    ])
    expect(faces).toEqual([{ box: [0, 0, 1, 1], landmarks: [], score: 1, faces: 1 }])
    expect(await world.attributeOf(input.predictionId, 'IdemStatus')).toBe('succeeded')
  })

  it('needs no photo where the vector is there', async () => {
    const input = knownOf()
    expect((await run(input)).faces).toEqual([])
    expect(world.stepsOf(input.predictionId)[0]).toBe('generateImages')
    expect(world.inputsOf(input.predictionId, 'generateImages')[0]).toMatchObject({ identityKey: input.identityKey })
  })

  it('marks the images of a replay as those of the prediction that it repeats', async () => {
    const input = inputOf({ replayOf: 'an-earlier-one' })
    await run(input)
    expect(world.inputsOf(input.predictionId, 'publishImages')[0]).toMatchObject({ markedAs: 'an-earlier-one' })
  })
})

describe('images that are not like the person', () => {
  const made = (id: string) =>
    world.inputsOf(id, 'generateImages').map(({ attempt, indices, seeds }) => ({ attempt, indices, seeds }))

  it('are made again, alone, with seeds past those of all earlier attempts, until each is good enough', async () => {
    const input = knownOf({ seeds: [10, 11, 12], minSimilarity: 0.5 })
    const verifyImages = like([[0.9], [0.1, 0.6], [null, 0.2, 0.7]])
    const { images } = await run(input, { generateImages: name, verifyImages })
    expect(made(input.predictionId)).toEqual([
      { attempt: 0, indices: [0, 1, 2], seeds: [10, 11, 12] },
      { attempt: 1, indices: [1, 2], seeds: [14, 15] },
      { attempt: 2, indices: [2], seeds: [18] },
    ])
    expect(images.map(({ seed, similarity }) => [seed, similarity])).toEqual([
      [10, 0.9],
      [14, 0.6],
      [18, 0.7],
    ])
    expect(images[2]!.attempts).toEqual([
      { seed: 12, similarity: null },
      { seed: 15, similarity: 0.2 },
      { seed: 18, similarity: 0.7 },
    ])
  })

  it('are made no more often than was asked for, and the best attempt of each is published', async () => {
    const input = knownOf({ seeds: [10, 11, 12], minSimilarity: 0.9 })
    const verifyImages = like([
      [0.1, 0.4, 0.3],
      [null, -0.5, null],
      [0.2, 0.2, 0.2],
    ])
    const { images } = await run(input, { generateImages: name, verifyImages })
    expect(made(input.predictionId)).toHaveLength(3)
    expect(world.inputsOf(input.predictionId, 'publishImages')[0]!.images).toMatchObject([
      { imageKey: 'image-0-attempt-1', seed: 13 },
      { imageKey: 'image-1-attempt-1', seed: 14 },
      // The first of equals.
      { imageKey: 'image-2-attempt-0', seed: 12 },
    ])
    expect(images.map(({ similarity }) => similarity)).toEqual([0.4, -0.5, 0.2])
  })

  it('are marked as made by what made them, and say so, also where attempts ran on workers with different bundles', async () => {
    const input = knownOf({ seeds: [1, 2], minSimilarity: 0.5 })
    const madeBy = (attempt: number) => ({ ...madeWith, bundleSha256: `bundle ${attempt}` })
    const generateImages: StepDouble = async (given) => ({ ...(await name(given)), madeWith: madeBy(given.attempt) })
    const result = await run(input, { generateImages, verifyImages: like([[1], [0, 1]]) })
    expect(result.madeWith).toEqual(madeBy(0))
    expect(result.images.map((image) => image.madeWith)).toEqual([undefined, madeBy(1)])
    const [published] = world.inputsOf(input.predictionId, 'publishImages')
    expect(published).toMatchObject({
      madeWith: madeBy(0),
      images: [{ imageKey: 'image-0-attempt-0' }, { imageKey: 'image-1-attempt-1', madeWith: madeBy(1) }],
    })
    expect(published!.images[0]).not.toHaveProperty('madeWith')
  })

  it('are kept where no similarity was asked for', async () => {
    const input = knownOf()
    const { images } = await run(input, { generateImages: name, verifyImages: like([[null]]) })
    expect(made(input.predictionId)).toHaveLength(1)
    expect(images[0]!.similarity).toBeNull()
  })
})

describe('several photos of a person', () => {
  const photos = [1, 2, 3].map((nth) => ({ url: `https://example.com/${nth}.jpg` }))

  it('are taken in and searched one by one, and make one vector, in their order', async () => {
    const input = inputOf({ photos })
    const findFace: StepDouble = async ({ index }) => ({
      cropKey: `crop-${index}`,
      box: [index, 0, 1, 1],
      landmarks: [],
      score: 1,
      faces: 1,
    })
    const { faces } = await run(input, { findFace })
    const taken = world.inputsOf(input.predictionId, 'intakePhoto')
    expect(taken.toSorted((a, b) => a.index - b.index)).toMatchObject(
      photos.map((source, index) => ({ index, source })),
    )
    expect(world.inputsOf(input.predictionId, 'embedFace')).toMatchObject([
      { cropKeys: ['crop-0', 'crop-1', 'crop-2'] },
    ])
    expect(faces.map(({ box }) => box[0])).toEqual([0, 1, 2])
  })

  it('are all waited for where one of them fails, so that nothing is stored after the tidying up', async () => {
    const input = inputOf({ photos })
    const gates = createGates()
    let stored = 0
    const intakePhoto: StepDouble = async ({ index }) => {
      if (index === 0) throw ApplicationFailure.nonRetryable('It answered 404', failures.photoUnreachable)
      await gates.pass('others')
      stored++
      return { photoKey: artifactKeys.photo(input.predictionId, index), width: 1, height: 1 }
    }
    let storedBefore = 0
    const discardLeftovers: StepDouble = async () => {
      storedBefore = stored
      return { deleted: 0 }
    }
    await start(input, { intakePhoto, discardLeftovers })
    await gates.reached('others')
    gates.open('others')
    expect(await end(input)).toMatchObject({ type: failures.photoUnreachable })
    expect(storedBefore).toBe(2)
    expect(world.stepsOf(input.predictionId)).not.toContain('findFace')
  })

  it('of different people fail the prediction before a device is needed', async () => {
    const input = inputOf({ photos })
    const embedFace: StepDouble = async () => {
      throw ApplicationFailure.nonRetryable('Photo 2 is unlike the others', failures.differentPeople, { outliers: [1] })
    }
    await start(input, { embedFace })
    expect(await end(input)).toMatchObject({ type: failures.differentPeople, details: { outliers: [1] } })
    expect(world.stepsOf(input.predictionId)).not.toContain('generateImages')
    expect(world.stepsOf(input.predictionId).at(-1)).toBe('discardLeftovers')
    expect(await world.attributeOf(input.predictionId, 'IdemStatus')).toBe('failed')
    expect(await world.attributeOf(input.predictionId, 'IdemFailure')).toBe(failures.differentPeople)
  })
})

describe('a prediction that is stopped', () => {
  /** Diffuses until it is told to stop; notes when it has. */
  const endless = (gates: ReturnType<typeof createGates>, ended: string[]): StepDouble => {
    return async ({ predictionId }) => {
      const context = Context.current()
      const pulse = setInterval(() => context.heartbeat({ step: 1, of: 25 }), 100)
      gates.open(predictionId)
      try {
        return await context.cancelled
      } finally {
        clearInterval(pulse)
        ended.push('generateImages')
      }
    }
  }
  const note =
    (ended: string[]): StepDouble =>
    async () => {
      ended.push('discardLeftovers')
      return { deleted: 0 }
    }

  it('by its deadline fails with deadline_exceeded, and counts as canceled', async () => {
    const input = knownOf({ cancelAfterMs: 2_000 })
    const ended: string[] = []
    const plan = { generateImages: endless(createGates(), ended), discardLeftovers: note(ended) }
    await start(input, plan)
    expect(await end(input)).toMatchObject({
      type: failures.deadlineExceeded,
      message: expect.stringContaining('2 s'),
    })
    expect(ended.at(-1)).toBe('discardLeftovers')
    expect(await world.attributeOf(input.predictionId, 'IdemStatus')).toBe('canceled')
    expect(await world.attributeOf(input.predictionId, 'IdemFailure')).toBe(failures.deadlineExceeded)
  })

  it('by its caller waits until the device is free, then tidies up', async () => {
    const input = knownOf()
    const gates = createGates()
    const ended: string[] = []
    await start(input, { generateImages: endless(gates, ended), discardLeftovers: note(ended) })
    await gates.pass(input.predictionId)
    await world.cancel(input.predictionId)
    expect(await end(input)).toEqual({ state: 'canceled' })
    expect(ended).toEqual(['generateImages', 'discardLeftovers'])
    expect(await world.attributeOf(input.predictionId, 'IdemStatus')).toBe('canceled')
    expect(await world.attributeOf(input.predictionId, 'IdemFailure')).toBeUndefined()
  })
})

describe('the tidying up', () => {
  it.each([true, false])('knows whether photos are kept: %s', async (keepPhotos) => {
    const input = inputOf({ keepPhotos })
    await run(input)
    expect(world.inputsOf(input.predictionId, 'discardLeftovers')).toMatchObject([{ keepPhotos }])
  })

  it('fails no prediction', async () => {
    const input = inputOf()
    const discardLeftovers: StepDouble = async () => {
      throw ApplicationFailure.nonRetryable('The store is read-only', failures.storageUnavailable)
    }
    expect((await run(input, { discardLeftovers })).images).toHaveLength(1)
    expect(await world.attributeOf(input.predictionId, 'IdemStatus')).toBe('succeeded')
  })

  it('tells of no failure but the one of the prediction', async () => {
    const broken =
      (type: string): StepDouble =>
      async () => {
        throw ApplicationFailure.nonRetryable('It broke', type)
      }
    const plan = { generateImages: broken(failures.bundleInvalid), discardLeftovers: broken(failures.internal) }
    const input = inputOf()
    await start(input, plan)
    expect(await end(input)).toMatchObject({ state: 'failed', type: failures.bundleInvalid })
  })
})
