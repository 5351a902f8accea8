import type { PredictionRecord } from '../contracts/record.ts'
import { doneLine } from '../contracts/steps.ts'

/** The number of iterations of each step that reports progress. */
export type Iterations = Partial<Record<string, number>>

const barWidth = 10

/** A line as tqdm writes it, which Replicate's clients parse: ` 52%|█████     | 13/25`. */
const progressLine = (step: number, of: number): string => {
  const filled = Math.round((step / of) * barWidth)
  const percent = `${Math.floor((step * 100) / of)}`.padStart(3)
  return `${percent}%|${'█'.repeat(filled)}${' '.repeat(barWidth - filled)}| ${step}/${of}`
}

const progressLines = (done: number, of: number | undefined): string[] =>
  of === undefined ? [] : Array.from({ length: done }, (_, k) => progressLine(k + 1, of))

/** One line per event. Lines are only appended, never changed. */
export const logLines = ({ finished, pending }: PredictionRecord, iterations: Iterations): string[] => [
  ...finished.flatMap(({ name, outcome, progress }) => {
    const of = iterations[name]
    const isDone = outcome === 'completed'
    return [...progressLines(isDone ? (of ?? 0) : (progress?.step ?? 0), of), ...(isDone ? [doneLine(name)] : [])]
  }),
  ...pending.flatMap(({ name, progress }) => progressLines(progress?.step ?? 0, iterations[name])),
]

/** The current step of a running prediction, for its metrics. */
export const currentPhase = ({ state, pending }: PredictionRecord, iterations: Iterations) => {
  const activity = pending[0]
  if (state !== 'running' || !activity) return {}
  const { name, state: activityState, progress, attempt, lastFailure } = activity
  const of = iterations[name]
  return {
    phase: name,
    queued: activityState === 'scheduled',
    ...(of !== undefined && { step: progress?.step ?? 0, of }),
    ...(attempt > 1 && { attempt, last_failure: lastFailure }),
  }
}
