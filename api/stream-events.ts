import { isTerminal, type Prediction } from '../contracts/prediction.ts'
import type { Preview } from '../contracts/step-progress.ts'

export interface StreamEvent {
  readonly event: 'logs' | 'progress' | 'output' | 'error' | 'done'
  readonly data: string
  /** Position of the stream after this event. */
  readonly position: StreamPosition
}

/** What a stream has sent so far. It is the id of each event, so that an interrupted stream can resume. */
export interface StreamPosition {
  /** Number of log lines and outputs sent. */
  readonly logs: number
  readonly outputs: number
  readonly done: boolean
}

export const streamStart: StreamPosition = { logs: 0, outputs: 0, done: false }

export const formatPosition = ({ logs, outputs, done }: StreamPosition): string =>
  `${logs}-${outputs}${done ? '-done' : ''}`

/** Returns the start if `id` is not a position. */
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

/** Data of a `progress` event: the current step. */
const progressOf = ({ status, metrics }: Prediction, preview: Preview | undefined): string => {
  const { phase, queued, step, of, attempt } = metrics
  return JSON.stringify({ status, phase, queued, step, of, attempt, ...(preview && { preview }) })
}

/**
 * The events of a prediction after a position: new log lines, progress and new outputs, then `error` if it failed, and
 * `done` when it has ended. Log lines of a retried step are not sent twice.
 */
export const eventsAfter = (start: StreamPosition, prediction: Prediction, preview?: Preview): StreamEvent[] => {
  if (start.done) return []
  const events: StreamEvent[] = []
  let position = start
  const send = (event: StreamEvent['event'], data: string, change: Partial<StreamPosition> = {}) => {
    position = { ...position, ...change }
    events.push({ event, data, position })
  }
  const newLines = lines(prediction.logs).slice(start.logs)
  if (newLines.length > 0) send('logs', `${newLines.join('\n')}\n`, { logs: start.logs + newLines.length })
  send('progress', progressOf(prediction, preview))
  for (const output of outputsOf(prediction).slice(start.outputs)) {
    send('output', typeof output === 'string' ? output : JSON.stringify(output), { outputs: position.outputs + 1 })
  }
  if (prediction.status === 'failed') send('error', prediction.error ?? 'The prediction failed')
  if (isTerminal(prediction.status)) send('done', JSON.stringify(reasons[prediction.status] ?? {}), { done: true })
  return events
}
