import { performance } from 'node:perf_hooks'
import { Agent, type Dispatcher, request } from 'undici'
import { sleep } from '../../lib/sleep.ts'
import { within } from '../../lib/within.ts'
import { percentile } from '../statistics.ts'
import type { Stand } from './api-stand.ts'
import { createHttp } from './http.ts'
import { load } from './load.ts'
import { measureUsage, rssMb, type Usage } from './usage.ts'

export interface StreamsRow {
  readonly what: string
  readonly streams: number
  readonly openSeconds: number
  /** Resident memory of the API before the streams, and with all of them open. */
  readonly rssMb: readonly [before: number, open: number]
  readonly waiting: Usage
  readonly moving?: Usage
  /** From when work could begin to the end of each stream. */
  readonly end: { readonly p50: number; readonly last: number; readonly done: number; readonly usage: Usage }
}

const openedAtOnce = 10
/** Streams that have not ended by then are counted as lost. */
const endTimeoutMs = 60_000

interface Streams {
  /** When each was told that its prediction is done, as far as they were. */
  readonly doneAt: number[]
  readonly allEnded: Promise<unknown>
}

/** Opens a stream for each URL; resolves when all have answered. */
const open = async (urls: readonly string[]): Promise<Streams> => {
  const dispatcher = new Agent({ connections: urls.length, bodyTimeout: 0, headersTimeout: 0 })
  const doneAt: number[] = []
  const read = async (body: AsyncIterable<Buffer>) => {
    for await (const chunk of body) if (chunk.includes('event: done')) doneAt.push(performance.now())
  }
  const answers: Dispatcher.ResponseData[] = []
  const left = [...urls]
  // Some at a time: each looks the prediction up, and a call of Temporal has a deadline.
  const opener = async () => {
    for (let url = left.pop(); url; url = left.pop()) {
      const answer = await request(url, { dispatcher })
      if (answer.statusCode !== 200) throw new Error(`A stream answered ${answer.statusCode}`)
      answers.push(answer)
    }
  }
  await Promise.all(Array.from({ length: openedAtOnce }, opener))
  const allEnded = Promise.all(answers.map(({ body }) => read(body))).then(() => dispatcher.close())
  return { doneAt, allEnded }
}

export interface StreamsOptions {
  streams: number
  /** How long to look. */
  ms: number
  /** How many predictions they are of. */
  predictions: number
  /** Heartbeats of the diffusion, 500 ms from one to the next. */
  steps: number
}

/**
 * Streams of predictions that wait for a worker, then get one: first they wait, then they move (where there are steps),
 * then all end.
 */
export const measureStreams = async (
  stand: Stand,
  { streams, ms, predictions, steps }: StreamsOptions,
): Promise<StreamsRow> => {
  const http = createHttp(stand.url, 10)
  const urls: string[] = []
  await load(10, { calls: predictions }, async () => {
    const created = JSON.parse(await http.create()) as { urls: { stream: string } }
    urls.push(created.urls.stream)
  })
  await http.close()
  // Until all of them wait for the gpu queue.
  await sleep(ms)
  const before = await rssMb(stand.apiPid)
  const openedFrom = performance.now()
  const opened = await open(Array.from({ length: streams }, (_, k) => urls[k % urls.length]!))
  const openSeconds = (performance.now() - openedFrom) / 1000
  // A prediction that does not change is looked at less often after a while.
  await sleep(6_000)
  const endWaiting = await measureUsage(stand)
  await sleep(ms)
  const waiting = await endWaiting()
  const rss = [before, await rssMb(stand.apiPid)] as const

  const gpu = await stand.startWorkers('gpu', '--steps', `${steps}`)
  const from = performance.now()
  let moving: Usage | undefined
  if (steps > 0) {
    await sleep(1_000)
    const endMoving = await measureUsage(stand)
    await sleep(Math.min(ms, steps * 500 - 2_000))
    moving = await endMoving()
  }
  const endEnding = await measureUsage(stand)
  await within(opened.allEnded, endTimeoutMs, undefined)
  const usage = await endEnding()
  await gpu.stop()
  await stand.drain()
  const ends = opened.doneAt.map((at) => at - from)
  return {
    what: predictions === 1 ? 'of one prediction' : `of ${predictions} predictions`,
    streams,
    openSeconds,
    rssMb: rss,
    waiting,
    ...(moving && { moving }),
    end: { p50: percentile(ends, 0.5), last: Math.max(...ends), done: ends.length, usage },
  }
}
