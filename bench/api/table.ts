import type { Load } from './load.ts'
import type { Usage } from './usage.ts'

/** A Markdown table. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

export const ms = (value: number): string => (value < 10 ? value.toFixed(1) : value.toFixed(0))

export const latencies = (load: Load): string[] => [
  load.perSecond.toFixed(load.perSecond < 10 ? 1 : 0),
  ms(load.p50),
  ms(load.p95),
  ms(load.p99),
  load.failed ? `${load.failed} of ${load.failed + load.count}: ${load.failure}` : '0',
]

export const usageCells = ({ apiCpu, temporalCpu, calls }: Usage): string[] => [
  apiCpu.toFixed(2),
  temporalCpu.toFixed(2),
  calls
    .slice(0, 3)
    .map(([name, perSecond]) => `${name} ${perSecond.toFixed(0)}`)
    .join(', '),
]
