import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createVerifyImages } from '../../../activities/verify-images.ts'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import { encodeVector } from '../../../contracts/embedding.ts'
import { failures } from '../../../contracts/failures.ts'
import type { FaceEngine } from '../../../inference/engine/face-engine.ts'
import { decodePhoto, decodeStored } from '../../../inference/photos/decode.ts'
import { sha256Hex } from '../../../lib/sha256.ts'
import { type ActivityStore, openActivityStore } from '../../support/activity-store.ts'
import { blankPng, openFaces, portraitPng } from '../../support/portraits.ts'
import { runActivity, startActivity } from '../../support/run-activity.ts'

const id = 'verified'
const identityKey = artifactKeys.identity(id)
const imageKeys = [0, 1, 2].map((index) => artifactKeys.image(id, index))
let artifacts: ActivityStore
let faces: FaceEngine
beforeAll(async () => {
  artifacts = await openActivityStore()
  faces = await openFaces()
  const own = await portraitPng('male_26.jpg')
  const images = [own, await portraitPng('female_34.jpg'), await blankPng()]
  for (const [index, image] of images.entries()) await artifacts.put(imageKeys[index]!, image)
  const { embedding } = (await faces.identify(await decodePhoto(own)))!
  await artifacts.put(identityKey, encodeVector(embedding))
})
afterAll(async () => {
  await faces.close()
  await artifacts.close()
})

const verifyWith = (engine: FaceEngine) => createVerifyImages({ store: artifacts.store, faces: engine }).verifyImages

describe('verifyImages', () => {
  it('gives the cosine of each image to the person, and null where there is no face', async () => {
    const { similarity } = await runActivity(verifyWith(faces), { predictionId: id, identityKey, imageKeys })
    expect(similarity).toEqual([expect.closeTo(1, 5), expect.any(Number), null])
    expect(similarity[1]).toBeLessThan(0.3)
  })

  it('hashes the pixels of each image', async () => {
    const { pixelsSha256 } = await runActivity(verifyWith(faces), { predictionId: id, identityKey, imageKeys })
    const pixels = await Promise.all(imageKeys.map(async (key) => decodeStored(await artifacts.read(key))))
    expect(pixelsSha256).toEqual(await Promise.all(pixels.map(({ data }) => sha256Hex(data))))
  })

  it('heartbeats before each image how many are done', async () => {
    const { result, heartbeats } = startActivity(verifyWith(faces), { predictionId: id, identityKey, imageKeys })
    await result
    expect(heartbeats).toEqual([0, 1, 2].map((done) => ({ done, of: 3 })))
  })

  it('looks at no further image once it is canceled', async () => {
    let looks = 0
    let cancel = () => {}
    const engine: FaceEngine = {
      ...faces,
      identify: (...args) => {
        looks++
        cancel()
        return faces.identify(...args)
      },
    }
    const attempt = startActivity(verifyWith(engine), { predictionId: id, identityKey, imageKeys })
    cancel = attempt.cancel
    await expect(attempt.result).rejects.toMatchObject({ name: 'CancelledFailure' })
    expect(looks).toBe(1)
  })

  it.each([
    ['the vector', { predictionId: 'gone', identityKey: artifactKeys.identity('gone'), imageKeys }],
    ['an image', { predictionId: id, identityKey, imageKeys: [artifactKeys.image(id, 9)] }],
  ])('fails for good where %s is gone', async (_, input) => {
    await expect(runActivity(verifyWith(faces), input)).rejects.toMatchObject({
      type: failures.artifactMissing,
      nonRetryable: true,
    })
  })
})
