import type { Writable } from 'node:stream'
import { Presets, SingleBar } from 'cli-progress'
import type { Prediction } from '../../contracts/prediction.ts'

/** Where a prediction stands, in [0, 1], and in words. */
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

// Share of the way at which each phase starts: diffusion takes most of the time.
const phases: Record<string, { at: number; text: string }> = {
  intakePhoto: { at: 0, text: 'take in the photo' },
  findFace: { at: 0.03, text: 'find the face' },
  embedFace: { at: 0.06, text: 'embed the face' },
  generateImages: { at: 0.08, text: 'diffuse' },
  verifyImages: { at: 0.9, text: 'verify' },
  publishImages: { at: 0.97, text: 'upload' },
}
const diffusionShare = 0.82

const standing = ({ status, metrics }: Prediction): Standing => {
  const { phase = '', queued, step = 0, of = 1, attempt = 1 } = metrics as RunningMetrics
  if (status === 'starting' || !phases[phase]) return { done: 0, text: 'queue' }
  const { at, text } = phases[phase]
  const again = attempt > 1 ? ` (attempt ${attempt})` : ''
  if (phase !== 'generateImages') return { done: at, text: `${text}${again}` }
  if (queued) return { done: at, text: `queue: waiting for a GPU worker${again}` }
  return { done: at + diffusionShare * (step / of), text: `step ${step} of ${of}${again}` }
}

export interface Progress {
  show(prediction: Prediction): void
  stop(): void
}

/** A live bar on a terminal; elsewhere a line whenever the phase changes. */
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
