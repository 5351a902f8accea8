/** The steps of a run, in order; `waiting` is what stands there until a worker takes it. */
const phases = [
  { name: 'intakePhoto', label: 'Take the photo in' },
  { name: 'findFace', label: 'Find and align the face' },
  { name: 'embedFace', label: 'Make the face vector' },
  { name: 'generateImages', label: 'Draw the pictures' },
  { name: 'verifyImages', label: 'Compare them with the person' },
  { name: 'publishImages', label: 'Publish them' },
]

const fromPhoto = 3

/** Those that a run goes through: one of an earlier person needs no photo. */
export const phasesOf = ({ input }) =>
  input.identity_of || input.replay_of || input.embedding ? phases.slice(fromPhoto) : phases

const plural = (count, one) => (count === 1 ? `One ${one} of yours is` : `${count} ${one}s of yours are`)

/** Why a run does not go on: one sentence, or nothing. */
export const waitingFor = ({ phase, queued, status }, queue) => {
  if (!queued && status !== 'starting') return ''
  if (phase === 'generateImages' && queue && !queue.worker) {
    const ahead = queue.ahead ? ` ${plural(queue.ahead, 'run')} ahead.` : ''
    return `No worker with a device is up. One has to start first: seconds to some minutes.${ahead}`
  }
  if (queue?.ahead) return `In the queue. ${plural(queue.ahead, 'run')} ahead.`
  return phase === 'generateImages' ? 'Next in the queue for the device.' : 'Waiting for a worker.'
}
