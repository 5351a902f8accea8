import { randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { percentile } from '../statistics.ts'
import type { Stand } from './api-stand.ts'
import { createHttp, createPath } from './http.ts'

export interface IdempotencyRow {
  readonly what: string
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  /** How many answers had which status code. */
  readonly statuses: Record<string, number>
  /** Different predictions in the answers. */
  readonly answered: number
  /** Predictions that Temporal has got by them. */
  readonly started: number
}

/** Many requests with one key at the same time, and again after the prediction has ended. */
export const measureIdempotency = async (stand: Stand, posts: number): Promise<IdempotencyRow[]> => {
  const http = createHttp(stand.url, posts)
  const key = randomUUID()
  const before = await stand.count()
  const rows: IdempotencyRow[] = []
  for (const what of ['before the prediction exists', 'after the prediction has ended']) {
    const from = performance.now()
    const statuses: Record<string, number> = {}
    const ids = new Set<string>()
    const times: number[] = []
    await Promise.all(
      Array.from({ length: posts }, async () => {
        const start = performance.now()
        const { status, text } = await http.request('POST', createPath, { 'idempotency-key': key })
        times.push(performance.now() - start)
        statuses[status] = (statuses[status] ?? 0) + 1
        const { id } = JSON.parse(text) as { id?: string }
        if (id) ids.add(id)
      }),
    )
    const seconds = (performance.now() - from) / 1000
    await stand.drain()
    rows.push({
      what,
      seconds,
      p50: percentile(times, 0.5),
      p99: percentile(times, 0.99),
      statuses,
      answered: ids.size,
      started: (await stand.count()) - before,
    })
  }
  await http.close()
  return rows
}
