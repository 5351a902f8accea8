import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPublishImages } from '../../../activities/publish-images.ts'
import { readProvenance } from '../../../activities/shared/provenance.ts'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import { failures } from '../../../contracts/failures.ts'
import { decodeStored } from '../../../inference/photos/decode.ts'
import { sha256Hex } from '../../../lib/sha256.ts'
import { type ActivityStore, openActivityStore } from '../../support/activity-store.ts'
import { blankPng, portraitPng } from '../../support/portraits.ts'
import { runActivity } from '../../support/run-activity.ts'

const madeWith = { software: 'Idem 0', onnxruntime: '0', executionProviders: ['cpu'], bundleSha256: 'ab'.repeat(32) }
const model = 'idem/arc2face'

let artifacts: ActivityStore
let drafts: Uint8Array[]
beforeAll(async () => {
  artifacts = await openActivityStore()
  drafts = [await portraitPng('male_26.jpg'), await blankPng()]
})
afterAll(() => artifacts.close())

/** Publishes the two drafts of a prediction of that name. */
const publish = async (predictionId: string, more: { markedAs?: string } = {}) => {
  const images = drafts.map((_, index) => ({ imageKey: artifactKeys.image(predictionId, index), seed: 7 + index }))
  for (const [index, { imageKey }] of images.entries()) await artifacts.put(imageKey, drafts[index]!)
  const { publishImages } = createPublishImages({ store: artifacts.store })
  return runActivity(publishImages, { predictionId, model, madeWith, images, ...more })
}

describe('publishImages', () => {
  it('puts the images where callers may fetch them, marked with what made them', async () => {
    const { published } = await publish('p1')
    expect(published.map(({ key }) => key)).toEqual([artifactKeys.output('p1', 0), artifactKeys.output('p1', 1)])
    for (const [index, { key, sha256, pixelsSha256 }] of published.entries()) {
      // Not sealed: a URL gives the bytes as they lie in the store.
      const bytes = new Uint8Array(await new Response((await artifacts.plain.get(key))!.body as BodyInit).arrayBuffer())
      const { software, bundleSha256 } = madeWith
      expect(readProvenance(bytes)).toEqual({ software, model, bundleSha256, seed: 7 + index, predictionId: 'p1' })
      expect(sha256).toBe(await sha256Hex(bytes))
      expect(pixelsSha256).toBe(await sha256Hex((await decodeStored(drafts[index]!)).data))
    }
  })

  it('makes the same bytes at every attempt', async () => {
    const first = await publish('again')
    expect(await publish('again')).toEqual(first)
  })

  it('marks a replay as the prediction that it repeats, to the same bytes', async () => {
    const original = await publish('original')
    const replay = await publish('replay', { markedAs: 'original' })
    expect(replay.published.map(({ sha256 }) => sha256)).toEqual(original.published.map(({ sha256 }) => sha256))
  })

  it('keeps what made one image apart from what made the rest', async () => {
    const own = { ...madeWith, bundleSha256: 'cd'.repeat(32) }
    const imageKey = artifactKeys.image('apart', 0)
    await artifacts.put(imageKey, drafts[1]!)
    const { publishImages } = createPublishImages({ store: artifacts.store })
    const images = [{ imageKey, seed: 1, madeWith: own, pixelsSha256: 'known' }]
    const { published } = await runActivity(publishImages, { predictionId: 'apart', model, madeWith, images })
    expect(readProvenance(await artifacts.read(published[0]!.key))).toMatchObject({ bundleSha256: own.bundleSha256 })
    expect(published[0]!.pixelsSha256).toBe('known')
  })

  it('fails for good where a draft is gone', async () => {
    const { publishImages } = createPublishImages({ store: artifacts.store })
    const images = [{ imageKey: artifactKeys.image('gone', 0), seed: 1 }]
    const attempt = runActivity(publishImages, { predictionId: 'gone', model, madeWith, images })
    await expect(attempt).rejects.toMatchObject({ type: failures.artifactMissing, nonRetryable: true })
    expect(await artifacts.keysOf('gone')).toEqual([])
  })
})
