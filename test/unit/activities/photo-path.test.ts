import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MockActivityEnvironment } from '@temporalio/testing'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAnalysePhoto } from '../../../activities/analyse-photo.ts'
import { createEmbedFace } from '../../../activities/embed-face.ts'
import { createFindFace } from '../../../activities/find-face.ts'
import { createIntakePhoto } from '../../../activities/intake-photo.ts'
import { createPublishImages } from '../../../activities/publish-images.ts'
import { createVerifyImages } from '../../../activities/verify-images.ts'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import { decodeVector } from '../../../contracts/embedding.ts'
import { loadBundle } from '../../../inference/bundle.ts'
import { createFaceEngine, type FaceEngine } from '../../../inference/engine/face-engine.ts'
import { faceModels } from '../../../inference/engine/face-models.ts'
import { cosine } from '../../../inference/numeric/identity.ts'
import { decodePhoto, decodeStored, photoLimits, pictureDecoded } from '../../../inference/photos/decode.ts'
import { encodePng } from '../../../inference/photos/encode.ts'
import { createBudget } from '../../../lib/budget.ts'
import { createFileStore } from '../../../storage/drivers/file/file-store.ts'
import { type ArtifactStore, readAll } from '../../../storage/store.ts'

const portrait = readFileSync('samples/male_26.jpg')
const [fetches, pixels] = [createBudget({ total: 16 }), createBudget({ total: 1e9 })]
let root: string
let store: ArtifactStore
let faces: FaceEngine

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'idem-photo-path-'))
  store = createFileStore({ root, publicUrl: 'http://127.0.0.1', signingKey: new Uint8Array(32) })
  faces = createFaceEngine({ models: faceModels(await loadBundle('models/demo')) })
})
afterAll(async () => {
  await faces.close()
  await rm(root, { recursive: true, force: true })
})

const runActivity = <I, O>(activity: (input: I) => Promise<O>, input: I): Promise<O> =>
  new MockActivityEnvironment().run(activity as never, input as never) as Promise<O>

const intake = async (predictionId: string, photo: Uint8Array) => {
  const key = `predictions/${predictionId}/upload-0`
  await store.put(key, photo, { contentType: 'application/octet-stream' })
  const { intakePhoto } = createIntakePhoto({
    store,
    fetchPhoto: () => Promise.reject(new Error('not used')),
    fetches,
    pixels,
  })
  return runActivity(intakePhoto, { predictionId, index: 0, source: { key } })
}

const find = (predictionId: string, photoKey: string, engine = faces) =>
  runActivity(createFindFace({ store, faces: engine, pixels }).findFace, {
    predictionId,
    index: 0,
    photoKey,
    faceSelection: 'largest',
    minFaceSizePx: 0,
  })

/** The sizes of the pictures that are decoded while `work` runs. */
const decodedBy = async (work: () => Promise<unknown>): Promise<string[]> => {
  const sizes: string[] = []
  const note = (message: unknown) => {
    const { width, height } = message as { width: number; height: number }
    sizes.push(`${width}x${height}`)
  }
  pictureDecoded.subscribe(note)
  await work().finally(() => pictureDecoded.unsubscribe(note))
  return sizes
}

/** The same engine, and the calls that it gets. */
const counting = (engine: FaceEngine) => {
  const calls: string[] = []
  const counted = new Proxy(engine, {
    get: (target, name: keyof FaceEngine) => {
      const method = target[name] as (...args: unknown[]) => unknown
      return (...args: unknown[]) => {
        calls.push(name)
        return method(...args)
      }
    },
  })
  return { calls, engine: counted }
}

describe('a photo on its way', () => {
  it('has its face found, also if its pixels take more bytes than a photo may be sent with', async () => {
    const side = 3200
    const noise = { raw: { width: side, height: side, channels: 3 as const } }
    const photo = await sharp(randomBytes(side * side * 3), noise)
      .composite([{ input: portrait }])
      .jpeg({ quality: 70 })
      .toBuffer()
    expect(photo.length).toBeLessThan(photoLimits.bytes)
    const { photoKey } = await intake('large', photo)
    expect((await store.head(photoKey))!.bytes).toBeGreaterThan(photoLimits.bytes)
    expect(await find('large', photoKey)).toMatchObject({ faces: 1, cropKey: 'predictions/large/crop-0.png' })
  })

  it('gives the person if it is turned without saying so, with the face where it is in the photo as sent', async () => {
    const vectorOf = async (predictionId: string, photo: Uint8Array) => {
      const { photoKey } = await intake(predictionId, photo)
      const found = await find(predictionId, photoKey)
      const { identityKey } = await runActivity(createEmbedFace({ store, faces }).embedFace, {
        predictionId,
        cropKeys: [found.cropKey],
      })
      return { found, identity: decodeVector(await readAll((await store.get(identityKey))!)) }
    }
    const upright = await vectorOf('upright', portrait)
    const turned = await vectorOf('turned', await sharp(portrait).rotate(180).png().toBuffer())
    expect([upright.found.turn, turned.found.turn]).toEqual([undefined, 180])
    expect(cosine(upright.identity, turned.identity)).toBeGreaterThan(0.95)
    const { width, height } = await decodePhoto(portrait)
    const [x1, y1, x2, y2] = turned.found.box
    for (const [k, edge] of [width - x2, height - y2, width - x1, height - y1].entries()) {
      expect(Math.abs(edge - upright.found.box[k]!)).toBeLessThan(10)
    }
  })

  it('is decoded once for each step that needs its pixels, and is sent to a thread once', async () => {
    const { width, height } = await decodePhoto(portrait)
    const whole = `${width}x${height}`
    const { calls, engine } = counting(faces)
    const sizes = await decodedBy(async () => {
      const { photoKey } = await intake('counted', portrait)
      const { cropKey } = await find('counted', photoKey, engine)
      await runActivity(createEmbedFace({ store, faces: engine }).embedFace, {
        predictionId: 'counted',
        cropKeys: [cropKey],
      })
    })
    expect(sizes).toEqual([whole, whole, '112x112'])
    expect(calls).toEqual(['cropFace', 'embed'])
  })

  it('is decoded once and sent to a thread once for all of its faces', async () => {
    const { photoKey, width, height } = await intake('analysed', portrait)
    const { calls, engine } = counting(faces)
    const { analysePhoto } = createAnalysePhoto({ store, faces: engine, pixels })
    const sizes = await decodedBy(() => runActivity(analysePhoto, { predictionId: 'analysed', index: 0, photoKey }))
    expect(sizes).toEqual([`${width}x${height}`])
    expect(calls).toEqual(['analyse'])
  })

  it('is stored with the pixels that it was decoded to', async () => {
    const { photoKey } = await intake('exact', portrait)
    const stored = await decodeStored(await readAll((await store.get(photoKey))!))
    const sent = await decodePhoto(portrait)
    expect([stored.width, stored.height]).toEqual([sent.width, sent.height])
    expect(Buffer.compare(stored.data, sent.data)).toBe(0)
  })
})

describe('a step that is given what is not its prediction’s', () => {
  const foreign = { type: 'artifact_foreign', nonRetryable: true }
  const own = { predictionId: 'mine', tenant: 'acme' }
  const theirs = { photo: artifactKeys.photo('exact'), upload: artifactKeys.upload('other', 'u1') }

  it('reads nothing of it, and fails for good', async () => {
    await store.put(theirs.upload, portrait, { contentType: 'image/jpeg' })
    const { intakePhoto } = createIntakePhoto({
      store,
      fetchPhoto: () => Promise.reject(new Error('not used')),
      fetches,
      pixels,
    })
    const { analysePhoto } = createAnalysePhoto({ store, faces, pixels })
    const { embedFace } = createEmbedFace({ store, faces })
    const { findFace } = createFindFace({ store, faces, pixels })
    const { publishImages } = createPublishImages({ store })
    const { verifyImages } = createVerifyImages({ store, faces })
    const identityKey = artifactKeys.identity('exact')
    const madeWith = { software: 'Idem 0', onnxruntime: '0', executionProviders: ['cpu'], bundleSha256: 'ab' }
    const attempts: (() => Promise<unknown>)[] = [
      ...Object.values(theirs).map((key) => () => runActivity(intakePhoto, { ...own, index: 0, source: { key } })),
      () => runActivity(analysePhoto, { ...own, index: 0, photoKey: theirs.photo }),
      () =>
        runActivity(findFace, { ...own, index: 0, photoKey: theirs.photo, faceSelection: 'largest', minFaceSizePx: 0 }),
      () => runActivity(embedFace, { ...own, cropKeys: [artifactKeys.crop('exact')] }),
      () => runActivity(verifyImages, { ...own, identityKey, imageKeys: [] }),
      () => runActivity(publishImages, { ...own, model: 'm', madeWith, images: [{ imageKey: theirs.photo, seed: 1 }] }),
      () => runActivity(intakePhoto, { ...own, index: 0, source: { key: 'predictions/mine-too/photo-0.png' } }),
      () => runActivity(intakePhoto, { ...own, index: 0, source: { key: 'keys/mine.json' } }),
    ]
    for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject(foreign)
  })

  it('takes in an upload of its tenant', async () => {
    const key = artifactKeys.upload('acme', 'u1')
    await store.put(key, portrait, { contentType: 'image/jpeg' })
    const { intakePhoto } = createIntakePhoto({
      store,
      fetchPhoto: () => Promise.reject(new Error('not used')),
      fetches,
      pixels,
    })
    const taken = await runActivity(intakePhoto, { ...own, index: 0, source: { key } })
    expect(taken).toMatchObject({ photoKey: artifactKeys.photo('mine') })
  })
})

describe('a generated image on its way', () => {
  const predictionId = 'generated'
  const imageKeys = [0, 1].map((index) => artifactKeys.image(predictionId, index))
  const madeWith = { software: 'Idem 0', onnxruntime: '0', executionProviders: ['cpu'], bundleSha256: 'ab'.repeat(32) }

  /** Two pictures, one of them without a face, and the vector of the face in the other. */
  const prepare = async () => {
    const blank = { data: new Uint8Array(96 * 96 * 3), width: 96, height: 96 }
    await store.put(imageKeys[0]!, await encodePng(await decodePhoto(portrait)), { contentType: 'image/png' })
    await store.put(imageKeys[1]!, await encodePng(blank), { contentType: 'image/png' })
    const { photoKey } = await intake(predictionId, portrait)
    const { cropKey } = await find(predictionId, photoKey)
    return runActivity(createEmbedFace({ store, faces }).embedFace, { predictionId, cropKeys: [cropKey] })
  }

  const publish = (pixelsSha256: readonly string[] | undefined) =>
    runActivity(createPublishImages({ store }).publishImages, {
      predictionId,
      model: 'idem/arc2face',
      madeWith,
      images: imageKeys.map((imageKey, k) => ({
        imageKey,
        seed: k,
        ...(pixelsSha256 && { pixelsSha256: pixelsSha256[k]! }),
      })),
    })

  it('is decoded and sent to a thread once, and its published file is the same as without the hash', async () => {
    const { identityKey } = await prepare()
    const { calls, engine } = counting(faces)
    const { verifyImages } = createVerifyImages({ store, faces: engine })
    let verified!: Awaited<ReturnType<typeof verifyImages>>
    let published!: Awaited<ReturnType<typeof publish>>
    const sizes = await decodedBy(async () => {
      verified = await runActivity(verifyImages, { predictionId, identityKey, imageKeys })
      published = await publish(verified.pixelsSha256)
    })
    expect(sizes).toHaveLength(2)
    expect(calls).toEqual(['identify', 'identify'])
    expect(verified.similarity).toEqual([expect.closeTo(1, 6), null])

    // As a step of an older worker: it has verified without hashing, so publishing decodes.
    let alone!: Awaited<ReturnType<typeof publish>>
    expect(await decodedBy(async () => (alone = await publish(undefined)))).toHaveLength(2)
    expect(published).toEqual(alone)
  })
})
