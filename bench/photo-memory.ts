import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MockActivityEnvironment } from '@temporalio/testing'
import { createFindFace } from '../activities/find-face.ts'
import { createIntakePhoto } from '../activities/intake-photo.ts'
import { numberOption } from '../cli/options.ts'
import { newPredictionId } from '../contracts/prediction-id.ts'
import { loadBundle } from '../inference/bundle.ts'
import { createFaceEngine } from '../inference/engine/face-engine.ts'
import { faceModels } from '../inference/engine/face-models.ts'
import { sharp } from '../inference/photos/sharp.ts'
import { toBase64 } from '../lib/base64.ts'
import { createBudget } from '../lib/budget.ts'
import { parseKeyRing } from '../lib/crypto/key-ring.ts'
import { runCommand } from '../lib/run-command.ts'
import { createFileStore } from '../storage/drivers/file/file-store.ts'
import { createSealedStore } from '../storage/sealed-store.ts'

const help = `The most memory that a cpu worker takes for photos of the largest size, taken in and searched for a face.

  node --import tsx bench/photo-memory.ts

  --photos N             default 16
  --slots N              steps at a time; default 4
  --held-megapixels N    pixels held at a time; default 50
  --progressive          a JPEG whose coefficients are all held while it is decoded
  --help`

const MiB = 2 ** 20

await runCommand(help, async () => {
  const { values } = parseArgs({
    options: {
      photos: { type: 'string', default: '16' },
      slots: { type: 'string', default: '4' },
      'held-megapixels': { type: 'string', default: '50' },
      progressive: { type: 'boolean', default: false },
    },
  })
  const whole = (name: 'photos' | 'slots' | 'held-megapixels') =>
    numberOption(`--${name}`, values[name], { integer: true, min: 1, max: 1e5 })!
  const root = await mkdtemp(join(tmpdir(), 'idem-photo-memory-'))
  const plain = createFileStore({ root, publicUrl: 'http://127.0.0.1', signingKey: new Uint8Array(32) })
  const store = createSealedStore(plain, parseKeyRing(`a:${toBase64(new Uint8Array(32).fill(1))}`))
  const faces = createFaceEngine({ models: faceModels(await loadBundle('models/demo')) })
  const pixels = createBudget({ total: whole('held-megapixels') * 1e6 })
  const slots = createBudget({ total: whole('slots') })
  const photo = await sharp(await readFile('samples/male_26.jpg'))
    .resize(7070, 7070, { fit: 'fill' })
    .jpeg({ quality: 85, progressive: values.progressive })
    .toBuffer()
  const { intakePhoto } = createIntakePhoto({
    store,
    fetchPhoto: () => Promise.reject(new Error('Nothing is fetched')),
    fetches: createBudget({ total: 1 }),
    pixels,
  })
  const { findFace } = createFindFace({ store, faces, pixels })
  const run = <I, O>(activity: (input: I) => Promise<O>, input: I): Promise<O> =>
    slots.run({}, () => new MockActivityEnvironment().run(activity as never, input as never) as Promise<O>)

  const idle = process.memoryUsage.rss()
  let most = idle
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 20)
  const startedAt = performance.now()
  try {
    await Promise.all(
      Array.from({ length: whole('photos') }, async () => {
        const predictionId = newPredictionId()
        const key = `predictions/${predictionId}/upload`
        await store.put(key, photo, { contentType: 'image/jpeg' })
        const { photoKey, width, height } = await run(intakePhoto, { predictionId, index: 0, source: { key } })
        const choice = { faceSelection: 'largest', minFaceSizePx: 0 } as const
        await run(findFace, { predictionId, index: 0, photoKey, pixels: width * height, ...choice })
      }),
    )
  } finally {
    clearInterval(watch)
    await faces.close()
    await rm(root, { recursive: true, force: true })
  }
  const seconds = (performance.now() - startedAt) / 1000
  console.log(`a photo of ${Math.round(photo.length / MiB)} MiB; ${seconds.toFixed(0)} s`)
  console.log(`memory: ${Math.round(idle / MiB)} MiB at rest, at most ${Math.round(most / MiB)} MiB`)
})
