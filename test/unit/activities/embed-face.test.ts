import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEmbedFace } from '../../../activities/embed-face.ts'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import { decodeVector } from '../../../contracts/embedding.ts'
import { failures } from '../../../contracts/failures.ts'
import type { FaceEngine } from '../../../inference/engine/face-engine.ts'
import { cosine } from '../../../inference/numeric/identity.ts'
import { decodePhoto } from '../../../inference/photos/decode.ts'
import { encodePng } from '../../../inference/photos/encode.ts'
import { type ActivityStore, openActivityStore } from '../../support/activity-store.ts'
import { openFaces, portraitPng } from '../../support/portraits.ts'
import { runActivity } from '../../support/run-activity.ts'

let artifacts: ActivityStore
let faces: FaceEngine
const crops: Record<string, Uint8Array> = {}
beforeAll(async () => {
  artifacts = await openActivityStore()
  faces = await openFaces()
  for (const name of ['male_26.jpg', 'female_34.jpg']) {
    const { crop } = (await faces.identify(await decodePhoto(await portraitPng(name))))!
    crops[name] = await encodePng(crop)
  }
})
afterAll(async () => {
  await faces.close()
  await artifacts.close()
})

/** Embeds crops of these samples as the photos of one prediction. */
const embed = async (id: string, names: readonly string[]) => {
  const cropKeys = names.map((_, index) => artifactKeys.crop(id, index))
  for (const [index, name] of names.entries()) await artifacts.put(cropKeys[index]!, crops[name]!)
  const { embedFace } = createEmbedFace({ store: artifacts.store, faces })
  return runActivity(embedFace, { predictionId: id, cropKeys })
}
const vectorOf = async (id: string) => decodeVector(await artifacts.read(artifactKeys.identity(id)))

describe('embedFace', () => {
  it('stores the unit vector of a crop, sealed', async () => {
    expect(await embed('one', ['male_26.jpg'])).toEqual({ identityKey: artifactKeys.identity('one') })
    const vector = await vectorOf('one')
    expect(vector).toHaveLength(512)
    expect(cosine(vector, vector)).toBeCloseTo(1, 5)
    const { bytes } = (await artifacts.plain.head(artifactKeys.identity('one')))!
    expect(bytes).toBeGreaterThan(4 * vector.length)
  })

  it('makes one vector of several photos of a person', async () => {
    await embed('alone', ['male_26.jpg'])
    await embed('several', ['male_26.jpg', 'male_26.jpg'])
    expect(cosine(await vectorOf('several'), await vectorOf('alone'))).toBeCloseTo(1, 5)
  })

  it('overwrites what an earlier attempt stored', async () => {
    await embed('again', ['female_34.jpg'])
    const vector = await vectorOf('again')
    await embed('again', ['female_34.jpg'])
    expect(await vectorOf('again')).toEqual(vector)
  })

  it('fails for good where the photos show different people, and says which photo is of a stranger', async () => {
    const attempt = embed('mixed', ['male_26.jpg', 'male_26.jpg', 'female_34.jpg'])
    await expect(attempt).rejects.toMatchObject({
      type: failures.differentPeople,
      nonRetryable: true,
      message: 'The photos show different people: photo 3 is unlike the others',
      details: [{ outliers: [2], cosines: [expect.any(Number), expect.any(Number), expect.any(Number)] }],
    })
    expect(await artifacts.store.head(artifactKeys.identity('mixed'))).toBeUndefined()
  })

  it('fails for good where a crop is gone', async () => {
    const { embedFace } = createEmbedFace({ store: artifacts.store, faces })
    const input = { predictionId: 'gone', cropKeys: [artifactKeys.crop('gone')] }
    await expect(runActivity(embedFace, input)).rejects.toMatchObject({
      type: failures.artifactMissing,
      nonRetryable: true,
    })
  })
})
