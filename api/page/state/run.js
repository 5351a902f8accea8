import { ApiProblem, cancel, create, isTerminal } from '../helpers/api.js'
import { readQueue } from '../helpers/queue.js'
import { watchPrediction } from '../helpers/watch.js'
import { effect, signal, untracked } from '../vendor/signals.js'
import { announce } from './announcer.js'
import { go, route } from './route.js'
import { getSetup } from './setup.js'

/** @import { News, Prediction, PreviewImages, RunState } from '../types.ts' */

/** The run that is shown. */
export const run = signal(/** @type {RunState} */ ({}))

/** What the API has against the last attempt to start a run. */
export const startProblem = signal(/** @type {ApiProblem | undefined} */ (undefined))
export const starting = signal(false)

const queuePollMs = 2_000

/** @type {(changes: { [K in keyof RunState]?: RunState[K] | undefined }) => void} */
const update = (changes) => {
  run.value = { ...run.value, ...changes }
}

/** @type {(prediction: Prediction) => string} */
const endSentence = ({ status, output, error }) =>
  status === 'succeeded'
    ? `Done. ${Array.isArray(output) ? output.length : 0} pictures.`
    : status === 'failed'
      ? `The run failed. ${error}`
      : 'The run was canceled.'

/**
 * Pictures of a later attempt take the places of those that they are made for; the others stay.
 *
 * @type {(before: PreviewImages | undefined, now: PreviewImages) => PreviewImages}
 */
const merge = (before, now) => [
  ...now,
  ...(before ?? []).filter(({ index }) => now.every((one) => one.index !== index)),
]

/** @type {(id: string) => (news: News) => void} */
const hear = (id) => (news) => {
  const { prediction, progress, problem } = news
  if (run.value.id !== id) return
  if (problem) return update({ problem })
  if (progress) {
    const { preview, ...rest } = progress
    return update({ progress: rest, ...(preview && { previews: merge(run.value.previews, preview.images) }) })
  }
  const wasRunning = run.value.prediction && !isTerminal(run.value.prediction)
  update({ prediction, problem: undefined })
  if (!prediction) return
  if (!isTerminal(prediction)) return update({ progress: { status: prediction.status, ...prediction.metrics } })
  if (run.value.cancelAskedAt && prediction.status === 'canceled') {
    update({ freedAfterMs: performance.now() - run.value.cancelAskedAt })
  }
  if (wasRunning) announce(endSentence(prediction))
}

/**
 * Whether it waits for a worker.
 *
 * @type {(run: RunState) => boolean | undefined}
 */
const waits = ({ prediction, progress }) =>
  prediction && !isTerminal(prediction) && (progress?.queued !== false || progress?.status === 'starting')

/** Follows whichever run the address names. */
export const followRoute = () =>
  effect(() => {
    const { view, ids } = route.value
    const id = view === 'run' ? ids[0] : undefined
    if (!id) {
      run.value = {}
      return
    }
    run.value = { id }
    const stop = untracked(() => watchPrediction(id, hear(id)))
    const timer = setInterval(() => {
      const now = run.peek()
      if (!now.prediction || !waits(now)) return
      readQueue(now.prediction).then(
        (queue) => run.peek().id === id && update({ queue }),
        () => undefined,
      )
    }, queuePollMs)
    return () => {
      stop()
      clearInterval(timer)
    }
  })

/**
 * Starts a run and shows it.
 *
 * @type {(input: object) => Promise<void>}
 */
export const startRun = async (input) => {
  if (starting.value) return
  starting.value = true
  startProblem.value = undefined
  try {
    const { id } = await create('idem/arc2face', input)
    announce('Started')
    go(`/run/${id}`)
    document.getElementById('run-title')?.focus()
  } catch (problem) {
    if (!(problem instanceof ApiProblem)) throw problem
    startProblem.value = problem
    announce(problem.message)
  } finally {
    starting.value = false
  }
}

export const cancelRun = async () => {
  const { id } = run.value
  if (!id) return
  update({ cancelAskedAt: performance.now() })
  announce('Canceling')
  try {
    await cancel(id)
  } catch (problem) {
    update({ problem: /** @type {ApiProblem} */ (problem), cancelAskedAt: undefined })
  }
}

/**
 * The parameters of a run that another one of the same person takes over.
 *
 * @type {(prediction: Prediction) => object}
 */
const keptInput = ({ id, input }) => {
  const kept = [...getSetup().settings, 'min_similarity', 'max_attempts']
  return {
    identity_of: id,
    ...Object.fromEntries(kept.filter((name) => name in input).map((name) => [name, input[name]])),
  }
}

/**
 * One picture of the same person, from the seed of an earlier one.
 *
 * @type {(prediction: Prediction, seed: number) => Promise<void>}
 */
export const againWithSeed = (prediction, seed) => startRun({ ...keptInput(prediction), num_images: 1, seed })

/**
 * As many pictures of the same person as before, from new seeds.
 *
 * @type {(prediction: Prediction) => Promise<void>}
 */
export const moreLike = (prediction) =>
  startRun({ ...keptInput(prediction), num_images: prediction.input.num_images ?? 4 })
