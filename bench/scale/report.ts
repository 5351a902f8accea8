import { table } from '../api/table.ts'
import { percentile } from '../statistics.ts'
import type { Outcome } from './simulate.ts'

export const seconds = (value: number): string =>
  Number.isNaN(value) ? '–' : value < 10 ? value.toFixed(2) : value.toFixed(0)

/** p50 / p95 / p99. */
export const percentiles = (values: Float64Array): string =>
  [0.5, 0.95, 0.99].map((share) => seconds(percentile(values, share))).join(' / ')

export interface Row {
  readonly rate: number
  readonly what: string
  readonly outcome: Outcome
}

const number = (value: number): string =>
  value.toLocaleString('en', { maximumFractionDigits: value < 0.1 ? 3 : value < 10 ? 1 : 0 })

export const reportTable = (rows: readonly Row[]): string =>
  table(
    [
      'per second',
      'gpu workers',
      'wait for the gpu, s: p50 / p95 / p99',
      'total, s',
      'workers: max, mean',
      'GPU used',
      'idle GPU s per prediction',
      'ended, of arrived',
    ],
    rows.map(({ rate, what, outcome }) => {
      const { waits, latencies, workers, gpuSeconds, ended, arrived, refused } = outcome
      return [
        number(rate),
        what,
        percentiles(waits),
        percentiles(latencies),
        `${number(workers.most)}, ${number(workers.mean)}`,
        `${((gpuSeconds.busy / gpuSeconds.held) * 100).toFixed(0)} %`,
        number((gpuSeconds.held - gpuSeconds.busy) / ended),
        `${ended} of ${arrived}${refused ? `, ${refused} refused` : ''}`,
      ]
    }),
  )

/** How many workers are up, in characters: one a look. */
export const sparkline = (values: readonly number[], width = 60): string => {
  const bars = '▁▂▃▄▅▆▇█'
  const most = Math.max(1, ...values)
  const step = Math.max(1, Math.ceil(values.length / width))
  return values
    .filter((_, k) => k % step === 0)
    .map((value) => (value === 0 ? '·' : bars[Math.min(7, Math.floor((value / most) * 8))]))
    .join('')
}
