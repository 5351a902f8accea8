import { isTerminal, type Prediction } from '../contracts/prediction.ts'
import type { Preview } from '../contracts/step-progress.ts'

export interface StreamEvent {
  readonly event: 'logs' | 'progress' | 'output' | 'error' | 'done'
  readonly data: string
  /** What has been told once this event is. */
  readonly position: StreamPosition
}

/** What a stream has told so far. It is the id of its events, so that one that was cut off goes on where it was. */
export interface StreamPosition {
  /** Log lines and outputs told. */
  readonly logs: number
  readonly outputs: number
  readonly done: boolean
}

export const streamStart: StreamPosition = { logs: 0, outputs: 0, done: false }

export const formatPosition = ({ logs, outputs, done }: StreamPosition): string =>
  `${logs}-${outputs}${done ? '-done' : ''}`

/** The start where it is no position of ours. */
export const parsePosition = (id: string | undefined): StreamPosition => {
  const match = /^(\d{1,9})-(\d{1,9})(-done)?$/.exec(id ?? '')
  return match ? { logs: Number(match[1]), outputs: Number(match[2]), done: match[3] !== undefined } : streamStart
}

const lines = (logs: string): string[] => (logs === '' ? [] : logs.split('\n'))

const outputsOf = ({ output }: Prediction): unknown[] =>
  output === null ? [] : Array.isArray(output) ? output : [output]

const reasons: Partial<Record<Prediction['status'], { reason: string }>> = {
  failed: { reason: 'error' },
  canceled: { reason: 'canceled' },
}

/** What a prediction does now, for a page that shows it. */
const progressOf = ({ status, metrics }: Prediction, preview: Preview | undefined): string => {
  const { phase, queued, step, of, attempt } = metrics
  return JSON.stringify({ status, phase, queued, step, of, attempt, ...(preview && { preview }) })
}

/**
 * What to tell of a prediction, after what has been told: new log lines, progress, new outputs, and at the end `error`
 * where it failed, and `done`. Log lines that a retried step takes back are not told again.
 */
export const eventsAfter = (start: StreamPosition, prediction: Prediction, preview?: Preview): StreamEvent[] => {
  if (start.done) return []
  const events: StreamEvent[] = []
  let position = start
  const tell = (event: StreamEvent['event'], data: string, change: Partial<StreamPosition> = {}) => {
    position = { ...position, ...change }
    events.push({ event, data, position })
  }
  const newLines = lines(prediction.logs).slice(start.logs)
  if (newLines.length > 0) tell('logs', `${newLines.join('\n')}\n`, { logs: start.logs + newLines.length })
  tell('progress', progressOf(prediction, preview))
  for (const output of outputsOf(prediction).slice(start.outputs)) {
    tell('output', typeof output === 'string' ? output : JSON.stringify(output), { outputs: position.outputs + 1 })
  }
  if (prediction.status === 'failed') tell('error', prediction.error ?? 'The prediction failed')
  if (isTerminal(prediction.status)) tell('done', JSON.stringify(reasons[prediction.status] ?? {}), { done: true })
  return events
}
