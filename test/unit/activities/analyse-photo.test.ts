import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAnalysePhoto } from '../../../activities/analyse-photo.ts'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import type { PhotoFaces } from '../../../contracts/embed-faces.ts'
import { failures } from '../../../contracts/failures.ts'
import type { FaceEngine } from '../../../inference/engine/face-engine.ts'
import { createBudget } from '../../../lib/budget.ts'
import { type ActivityStore, openActivityStore } from '../../support/activity-store.ts'
import { blankPng, openFaces, portraitPng } from '../../support/portraits.ts'
import { runActivity } from '../../support/run-activity.ts'

let artifacts: ActivityStore
let faces: FaceEngine
beforeAll(async () => {
  artifacts = await openActivityStore()
  faces = await openFaces()
})
afterAll(async () => {
  await faces.close()
  await artifacts.close()
})

const analyse = async (predictionId: string, photo?: Uint8Array, index = 0) => {
  const photoKey = artifactKeys.photo(predictionId, index)
  if (photo) await artifacts.put(photoKey, photo)
  const { analysePhoto } = createAnalysePhoto({ store: artifacts.store, faces, pixels: createBudget({ total: 1e9 }) })
  return runActivity(analysePhoto, { predictionId, index, photoKey })
}
const facesUnder = async (key: string): Promise<PhotoFaces> =>
  JSON.parse(new TextDecoder().decode(await artifacts.read(key)))

describe('analysePhoto', () => {
  it('stores box, landmarks, score and vector of each face, and the size of the photo', async () => {
    const { facesKey } = await analyse('found', await portraitPng('male_26.jpg'), 1)
    expect(facesKey).toBe(artifactKeys.faces('found', 1))
    const { width, height, faces: found } = await facesUnder(facesKey)
    expect([width, height, found.length]).toEqual([1024, 1024, 1])
    const { bbox, kps, score, embedding } = found[0]!
    expect([bbox.length, kps.length, embedding.length]).toEqual([4, 5, 512])
    expect(score).toBeGreaterThan(0.5)
    expect(Math.hypot(...embedding)).toBeCloseTo(1, 5)
  })

  it('overwrites what an earlier attempt stored', async () => {
    const { facesKey } = await analyse('again', await portraitPng('female_34.jpg'))
    const first = await facesUnder(facesKey)
    await analyse('again')
    expect(await facesUnder(facesKey)).toEqual(first)
    expect(await artifacts.keysOf('again')).toEqual([facesKey, artifactKeys.photo('again')])
  })

  it('fails for good where there is no face, and says in which photo', async () => {
    await expect(analyse('blank', await blankPng(), 2)).rejects.toMatchObject({
      type: failures.noFace,
      nonRetryable: true,
      details: [{ photo: 2, width: 96, height: 96 }],
    })
  })

  it('fails for good where the photo is gone', async () => {
    await expect(analyse('gone')).rejects.toMatchObject({ type: failures.artifactMissing, nonRetryable: true })
  })
})
