import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createIntakePhoto, type IntakePhotoDeps } from '../../../activities/intake-photo.ts'
import { PhotoFetchError } from '../../../activities/shared/fetch-photo.ts'
import { artifactKeys } from '../../../contracts/artifact-keys.ts'
import { failures } from '../../../contracts/failures.ts'
import { createBudget } from '../../../lib/budget.ts'
import { type ActivityStore, openActivityStore } from '../../support/activity-store.ts'
import { eventually } from '../../support/eventually.ts'
import { createGates } from '../../support/gates.ts'
import { runActivity, startActivity } from '../../support/run-activity.ts'

const portrait = readFileSync('samples/male_26.jpg')
const url = 'https://example.com/portrait.jpg'
const upload = artifactKeys.upload('local', 'u1')

let artifacts: ActivityStore
beforeAll(async () => {
  artifacts = await openActivityStore()
})
afterAll(() => artifacts.close())

const unbounded = { fetches: createBudget({ total: 16 }), pixels: createBudget({ total: 1e9 }) }
type FetchPhoto = IntakePhotoDeps['fetchPhoto']
const intakeWith = (fetchPhoto: FetchPhoto) =>
  createIntakePhoto({ store: artifacts.store, fetchPhoto, ...unbounded }).intakePhoto
const intake = (input: ReturnType<typeof inputOf>) => intakeWith(async () => portrait)(input)
const inputOf = (predictionId: string, source: { url: string } | { key: string } = { url }) => ({
  predictionId,
  index: 0,
  source,
})

describe('intakePhoto', () => {
  it('stores a photo of a URL upright, as PNG, without any metadata', async () => {
    const taken = await sharp(portrait)
      .resize(90, 120)
      .withExif({ IFD0: { Artist: 'Jane' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer()
    const result = await runActivity(
      intakeWith(async () => taken),
      inputOf('upright'),
    )
    expect(result).toEqual({ photoKey: artifactKeys.photo('upright'), width: 120, height: 90 })
    const stored = await artifacts.read(result.photoKey)
    const { format, width, height, exif, icc, orientation } = await sharp(stored).metadata()
    expect({ format, width, height, exif, icc, orientation }).toEqual({ format: 'png', width: 120, height: 90 })
  })

  it('stores a photo that was uploaded, sealed', async () => {
    await artifacts.put(upload, portrait)
    const { photoKey } = await runActivity(intake, inputOf('uploaded', { key: upload }))
    expect(Buffer.from((await artifacts.read(photoKey)).subarray(1, 4)).toString()).toBe('PNG')
    const sealed = await new Response((await artifacts.plain.get(photoKey))!.body as BodyInit).text()
    // Three letters alone may come up by chance in what is sealed.
    expect(sealed).not.toContain('\u0000\rIHDR')
  })

  it('overwrites what an earlier attempt stored', async () => {
    const first = await runActivity(intake, inputOf('again'))
    const bytes = await artifacts.read(first.photoKey)
    expect(await runActivity(intake, inputOf('again'))).toEqual(first)
    expect(Buffer.compare(await artifacts.read(first.photoKey), bytes)).toBe(0)
    expect(await artifacts.keysOf('again')).toEqual([first.photoKey])
  })
})

describe('intakePhoto fails', () => {
  const failureOf = (fetchPhoto: FetchPhoto, source?: { key: string }) =>
    runActivity(intakeWith(fetchPhoto), inputOf('failed', source)).then(
      () => expect.fail('it did not fail'),
      ({ type, nonRetryable }) => ({ type, nonRetryable }),
    )

  it.each([
    ['a text', Buffer.from('This is a letter.'), failures.photoUnsupported],
    ['a photo that is cut short', portrait.subarray(0, 5_000), failures.photoUnreadable],
  ])('for good with the reason for %s', async (_, bytes, type) => {
    expect(await failureOf(async () => bytes)).toEqual({ type, nonRetryable: true })
    expect(await artifacts.keysOf('failed')).toEqual([])
  })

  it('for good where the upload is gone', async () => {
    const source = { key: artifactKeys.upload('local', 'gone') }
    expect(await failureOf(async () => portrait, source)).toEqual({
      type: failures.artifactMissing,
      nonRetryable: true,
    })
  })

  it('to be tried again, or for good, as the fetch says', async () => {
    for (const retryable of [true, false]) {
      const error = new PhotoFetchError(failures.photoUnreachable, 'It answered 503', { retryable, details: {} })
      expect(await failureOf(() => Promise.reject(error))).toEqual({
        type: failures.photoUnreachable,
        nonRetryable: !retryable,
      })
    }
  })
})

describe('intakePhoto that is canceled', () => {
  it('heartbeats while it fetches, and gives the fetch up', async () => {
    const fetchPhoto: FetchPhoto = (_, signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    const { result, heartbeats, cancel } = startActivity(intakeWith(fetchPhoto), inputOf('slow'))
    await eventually(() => expect(heartbeats.length).toBeGreaterThan(0))
    cancel()
    await expect(result).rejects.toMatchObject({ name: 'CancelledFailure' })
  })

  it('stores nothing that came after that', async () => {
    const gates = createGates()
    const fetchPhoto = () => gates.pass('fetched').then(() => portrait)
    const attempt = startActivity(intakeWith(fetchPhoto), inputOf('late'))
    await gates.reached('fetched')
    attempt.cancel()
    gates.open('fetched')
    await expect(attempt.result).rejects.toMatchObject({ name: 'CancelledFailure' })
    expect(await artifacts.keysOf('late')).toEqual([])
  })
})
