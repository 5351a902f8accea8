import { create, getPrediction, isTerminal, request, upload } from '../helpers/api.js'
import { explain, explainProblem, explainType } from '../helpers/explain.js'
import { createLatest } from '../helpers/latest.js'
import { sleep } from '../helpers/sleep.js'
import { signal } from '../vendor/signals.js'
import { announce } from './announcer.js'
import { untilBack } from './connection.js'
import { getSetup } from './setup.js'

/** @import { Explanation, PhotoFaces, PhotoState } from '../types.ts' */

const pollMs = 1_000

/** The chosen photo. */
export const photo = signal(/** @type {PhotoState} */ ({ state: 'none' }))

const latest = createLatest()

/** @type {(blob: Blob) => Explanation | undefined} */
const ruleBroken = (blob) => {
  if (blob.size === 0) return explainType('photo_empty')
  if (blob.size > getSetup().limits.photoBytes) return explainType('photo_too_large')
}

/**
 * The faces of an uploaded photo. What was made to find them, vectors too, is kept as shortly as the API allows.
 *
 * @type {(url: string) => Promise<{ found?: PhotoFaces | undefined, problem?: Explanation }>}
 */
const look = async (url) => {
  let prediction = await create(
    'idem/face-embedding',
    { input_image: url },
    { headers: { prefer: 'wait=30' }, retention: '60s' },
  )
  while (!isTerminal(prediction)) {
    await sleep(pollMs)
    prediction = await getPrediction(prediction.id)
  }
  if (prediction.status !== 'succeeded') return { problem: explain(prediction) }
  return { found: /** @type {PhotoFaces[]} */ (prediction.output)[0] }
}

/** @type {(found: PhotoFaces) => string} */
const sentence = ({ faces }) =>
  faces.length === 1
    ? 'One face found.'
    : `${faces.length} faces found. The largest is taken; choose another if you like.`

/**
 * Uploads a photo and looks for faces in it.
 *
 * @type {(blob: Blob, name: string) => Promise<void>}
 */
export const takePhoto = async (blob, name) => {
  const isStill = latest()
  if (photo.value.shown) URL.revokeObjectURL(photo.value.shown)
  /** @type {PhotoState} */
  const started = { state: 'looking', name, shown: URL.createObjectURL(blob), face: 0 }
  photo.value = started
  /** @param {Explanation} problem */
  const refuse = (problem) => {
    if (!isStill()) return
    photo.value = { ...photo.value, state: 'refused', problem }
    announce(`${problem.title}. ${problem.mend}`)
  }
  const broken = ruleBroken(blob)
  if (broken) return refuse(broken)
  announce('Looking for a face')
  try {
    const file = await upload(blob, name)
    if (!isStill()) return
    photo.value = { ...photo.value, file }
    const { found, problem } = await look(file.urls.get)
    if (problem) return refuse(problem)
    if (!isStill() || !found) return
    photo.value = { ...photo.value, state: 'found', found }
    announce(sentence(found))
  } catch (error) {
    refuse(explainProblem(/** @type {Error} */ (error)))
  }
}

/** @type {(url: string) => Promise<void>} */
export const takeSample = async (url) => {
  const isLatest = latest()
  try {
    const blob = await (await fetch(url)).blob()
    if (isLatest()) await takePhoto(blob, url.split('/').at(-1) ?? 'sample')
  } catch {
    // The sample could not be fetched: the banner says so until it can be tried again.
    void untilBack()
  }
}

/** Forgets the photo, and deletes its upload. */
export const removePhoto = () => {
  latest()
  const { file, shown } = photo.value
  if (shown) URL.revokeObjectURL(shown)
  photo.value = { state: 'none' }
  if (file) void request(`v1/files/${file.id}`, { method: 'DELETE' }).catch(() => undefined)
}

/** @type {(face: number) => void} */
export const chooseFace = (index) => {
  photo.value = { ...photo.value, face: index }
}
