import type { Writable } from 'node:stream'
import { Presets, SingleBar } from 'cli-progress'
import { models } from '../../api/models/index.ts'
import type { Prediction } from '../../contracts/prediction.ts'
import { doingOf, isStepName, progressIn, type StepName, stepNames, steps } from '../../contracts/steps.ts'

/** Progress of a prediction in [0, 1], and its description. */
interface Standing {
  done: number
  text: string
}

interface RunningMetrics {
  phase?: string
  queued?: boolean
  step?: number
  of?: number
  attempt?: number
}

/** The steps of the predictions of a model, in order. */
const stepsOf = (name: string): readonly StepName[] => models.find((model) => model.name === name)?.steps ?? stepNames

const standing = ({ model, status, metrics }: Prediction): Standing => {
  const { phase, queued, step = 0, of, attempt = 1 } = metrics as RunningMetrics
  if (status === 'starting' || phase === undefined) return { done: 0, text: 'queue' }
  const done = progressIn(stepsOf(model), phase, of ? step / of : 0) ?? 0
  const again = attempt > 1 ? ` (attempt ${attempt})` : ''
  if (queued && isStepName(phase) && steps[phase].queue === 'gpu') {
    return { done, text: `queue: waiting for a GPU worker${again}` }
  }
  return { done, text: `${of ? `step ${step} of ${of}` : doingOf(phase)}${again}` }
}

export interface Progress {
  show(prediction: Prediction): void
  stop(): void
}

/** Shows a progress bar on a terminal; otherwise it writes a line whenever the step changes. */
export const createProgress = (stream: Writable & { isTTY?: boolean }): Progress => {
  if (!stream.isTTY) {
    let last = ''
    return {
      show: (prediction) => {
        const { text } = standing(prediction)
        const phase = text.replace(/\d+ of/, 'of')
        if (phase !== last) stream.write(`${text}\n`)
        last = phase
      },
      stop: () => undefined,
    }
  }
  const bar = new SingleBar(
    {
      format: '{bar} {percentage}% | {text}',
      stream: stream as NodeJS.WriteStream,
      hideCursor: true,
      clearOnComplete: true,
    },
    Presets.shades_classic,
  )
  bar.start(1, 0, { text: 'queue' })
  return {
    show: (prediction) => {
      const { done, text } = standing(prediction)
      bar.update(done, { text })
    },
    stop: () => {
      bar.update(1, { text: 'done' })
      bar.stop()
    },
  }
}
