import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFindFace } from '../../../activities/find-face.ts'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import { failures } from '../../../contracts/failures.ts'
import type { FaceSelection } from '../../../contracts/generate-faces.ts'
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

interface Choice {
  faceSelection?: FaceSelection
  minFaceSizePx?: number
}

/** Looks for a face in the photo of a prediction of that name. */
const find = async (id: string, photo?: Uint8Array, { faceSelection = 'largest', minFaceSizePx = 0 }: Choice = {}) => {
  const photoKey = artifactKeys.photo(id)
  if (photo) await artifacts.put(photoKey, photo)
  const { findFace } = createFindFace({ store: artifacts.store, faces, pixels: createBudget({ total: 1e9 }) })
  return runActivity(findFace, { predictionId: id, index: 0, photoKey, faceSelection, minFaceSizePx })
}

describe('findFace', () => {
  it('stores the aligned crop of the face, and says where it is', async () => {
    const { cropKey, box, landmarks, score, faces: count } = await find('found', await portraitPng('male_26.jpg'))
    expect([cropKey, count]).toEqual([artifactKeys.crop('found'), 1])
    const { format, width, height } = await sharp(await artifacts.read(cropKey)).metadata()
    expect({ format, width, height }).toEqual({ format: 'png', width: 112, height: 112 })
    const [left, top, right, bottom] = box
    expect(landmarks).toHaveLength(5)
    for (const [x, y] of landmarks) {
      expect(x > left && x < right && y > top && y < bottom).toBe(true)
    }
    expect(score).toBeGreaterThan(0.5)
  })

  it('overwrites what an earlier attempt stored', async () => {
    const first = await find('again', await portraitPng('female_34.jpg'))
    const crop = await artifacts.read(first.cropKey)
    expect(await find('again')).toEqual(first)
    expect(await artifacts.read(first.cropKey)).toEqual(crop)
    expect(await artifacts.keysOf('again')).toEqual([artifactKeys.crop('again'), artifactKeys.photo('again')])
  })

  it('fails for good where there is no face, and stores nothing', async () => {
    await expect(find('blank', await blankPng())).rejects.toMatchObject({
      type: failures.noFace,
      nonRetryable: true,
      details: [{ photo: 0, width: 96, height: 96, boxes: [] }],
    })
    expect(await artifacts.keysOf('blank')).toEqual([artifactKeys.photo('blank')])
  })

  it('fails for good where the face is smaller than was asked for', async () => {
    const photo = await portraitPng('male_26.jpg')
    await expect(find('small', photo, { minFaceSizePx: 5_000 })).rejects.toMatchObject({
      type: failures.faceTooSmall,
      nonRetryable: true,
      details: [{ minFaceSizePx: 5_000, boxes: [expect.anything()] }],
    })
  })

  it('fails for good where there are fewer faces than the one that was chosen', async () => {
    const photo = await portraitPng('male_26.jpg')
    await expect(find('second', photo, { faceSelection: 1 })).rejects.toMatchObject({
      type: failures.noFace,
      nonRetryable: true,
      details: [{ selection: 1 }],
    })
  })

  it('fails for good where the photo is gone, or was changed where it is stored', async () => {
    await expect(find('gone')).rejects.toMatchObject({ type: failures.artifactMissing, nonRetryable: true })
    await artifacts.put(artifactKeys.photo('spoilt'), await blankPng())
    await artifacts.plain.put(artifactKeys.photo('spoilt'), new Uint8Array(200), { contentType: 'image/png' })
    await expect(find('spoilt')).rejects.toMatchObject({ type: failures.artifactUnreadable, nonRetryable: true })
  })
})
