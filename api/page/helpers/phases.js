import { getSetup } from '../state/setup.js'

/** @import { Prediction, QueuePlace, RunProgress } from '../types.ts' */

/** The steps that look at a photo; a run of an earlier person, or from a vector, needs none. */
const ofPhoto = new Set(['intakePhoto', 'findFace', 'embedFace'])

/**
 * The steps that a run goes through, in order, with what they do.
 *
 * @type {(prediction: Prediction) => { name: string, label: string }[]}
 */
export const phasesOf = ({ model, input }) => {
  const { models, steps } = getSetup()
  const names = models.find(({ name }) => name === model)?.steps ?? []
  const needsPhoto = !(input.identity_of || input.replay_of || input.embedding)
  return names
    .flatMap((name) => steps.filter((step) => step.name === name && step.share > 0))
    .filter(({ name }) => needsPhoto || !ofPhoto.has(name))
}

/** @type {(count: number, one: string) => string} */
const plural = (count, one) => (count === 1 ? `One ${one} of yours is` : `${count} ${one}s of yours are`)

/**
 * Why a run has not started or is paused: one sentence, or nothing.
 *
 * @type {(progress: RunProgress, queue: QueuePlace | undefined) => string}
 */
export const waitingFor = ({ phase, queued, status }, queue) => {
  if (!queued && status !== 'starting') return ''
  const needsDevice = getSetup().steps.some(({ name, queue }) => name === phase && queue === 'gpu')
  if (needsDevice && queue && !queue.worker) {
    const ahead = queue.ahead ? ` ${plural(queue.ahead, 'run')} ahead.` : ''
    return `No worker with a device is running. Starting one takes seconds to a few minutes.${ahead}`
  }
  if (queue?.ahead) return `In the queue. ${plural(queue.ahead, 'run')} ahead.`
  return needsDevice ? 'Next in the queue for the device.' : 'Waiting for a worker.'
}
