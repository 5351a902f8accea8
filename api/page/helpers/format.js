/**
 * @import { PredictionStatus } from '../types.ts'
 *
 * @type {Record<PredictionStatus, string>}
 */
const statusWords = {
  starting: 'Waiting',
  processing: 'Running',
  succeeded: 'Done',
  failed: 'Failed',
  canceled: 'Canceled',
}
/** @type {(status: PredictionStatus) => string} */
export const statusWord = (status) => statusWords[status] ?? status

/** @type {(iso: string) => string} */
export const formatTime = (iso) => new Date(iso).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })

/** @type {(seconds: number) => string} */
export const formatSeconds = (seconds) =>
  seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`

/** @type {(id: string) => string} */
export const shortId = (id) => id.slice(0, 8)

/**
 * How far the diffusion came, by the log: `12 of 25 steps`.
 *
 * @type {(logs: string) => string | undefined}
 */
export const stepsIn = (logs) => {
  const last = [...logs.matchAll(/ (\d+)\/(\d+)$/gm)].at(-1)
  return last && `${last[1]} of ${last[2]} steps`
}

/** @type {(values: readonly (number | null)[] | undefined) => number | undefined} */
export const average = (values) => {
  const known = (values ?? []).filter((value) => value !== null)
  return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : undefined
}
