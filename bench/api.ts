import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { numberOption } from '../cli/options.ts'
import { runCommand, UsageError } from '../lib/run-command.ts'
import { type Stand, startStand } from './api/api-stand.ts'
import { measureIdempotency } from './api/idempotency.ts'
import { measureOverhead } from './api/overhead.ts'
import { fill, fillDone, measureCreate, measureCreateBusy, measureReads, type RequestRow } from './api/requests.ts'
import { measureStreams } from './api/streams.ts'
import { latencies, ms, table, usageCells } from './api/table.ts'

const help = `The API and the orchestration by themselves: real Temporal, the API as a process, workers that compute nothing.

  npm run bench:api
  npm run bench:api -- --only reads --predictions 1000

  --only LIST         create, busy, overhead, idempotency, streams, reads; all where absent
  --seconds N         of every load; default 5
  --predictions N     in the namespace when get and list are measured; default 10000
  --streams N         default 500
  --state DIR         keeps Temporal's database there, with its predictions, for the next run
  --profile FILE      writes a CPU profile of the API, for Chrome's developer tools
  --help`

/** So many of the predictions that are listed have been made to the end. */
const doneAtLeast = 500
const allQueues = 'control,cpu,gpu'

const requestTable = (rows: readonly RequestRow[]) => {
  const bases = rows[0]!.what
  const baseOf = (row: RequestRow) => rows.find(({ what, callers }) => what === bases && callers === row.callers)!
  const bareOf = (row: RequestRow) =>
    rows.find(({ what, callers }) => what === 'workflow.start' && callers === row.callers)
  const ratio = (row: RequestRow, base: RequestRow | undefined) =>
    base ? (row.perSecond / base.perSecond).toFixed(3) : ''
  return table(
    ['', 'callers', 'per second', 'p50 ms', 'p95', 'p99', 'failed', `of ${bases}`, 'of workflow.start'],
    rows.map((row) => [
      row.what,
      `${row.callers}`,
      ...latencies(row),
      ratio(row, baseOf(row)),
      ratio(row, bareOf(row)),
    ]),
  )
}

interface Values {
  loadMs: number
  predictions: number
  streams: number
}

const sections: Record<string, (stand: Stand, values: Values) => Promise<string>> = {
  create: async (stand, { loadMs }) => {
    await stand.setWorkers(undefined)
    return requestTable(await measureCreate(stand, loadMs))
  },

  busy: async (stand, { loadMs }) => {
    await stand.setWorkers(allQueues)
    return requestTable(await measureCreateBusy(stand, loadMs))
  },

  overhead: async (stand) => {
    await stand.setWorkers(allQueues)
    return table(
      ['', 'at a time', 'per second', 'p50 ms', 'p95', 'p99', 'failed'],
      (await measureOverhead(stand, 200)).map((row) => [row.what, `${row.callers}`, ...latencies(row)]),
    )
  },

  idempotency: async (stand) => {
    await stand.setWorkers(allQueues)
    return table(
      ['1,000 requests with one key', 'seconds', 'p50 ms', 'p99', 'status codes', 'ids in responses', 'predictions'],
      (await measureIdempotency(stand, 1000)).map(({ what, seconds, p50, p99, statuses, answered, started }) => [
        what,
        seconds.toFixed(2),
        ms(p50),
        ms(p99),
        Object.entries(statuses)
          .map(([status, count]) => `${count} x ${status}`)
          .join(', '),
        `${answered}`,
        `${started}`,
      ]),
    )
  },

  streams: async (stand, { streams, loadMs }) => {
    await stand.setWorkers('control,cpu')
    const rows: string[][] = []
    for (const [predictions, steps] of [
      [1, 30],
      [streams, 0],
    ] as const) {
      const { what, openSeconds, rssMb, waiting, moving, end } = await measureStreams(stand, {
        streams,
        ms: loadMs,
        predictions,
        steps,
      })
      const [before, open] = rssMb
      console.log(
        `${streams} streams ${what}: open after ${openSeconds.toFixed(2)} s, API ${before.toFixed(0)} -> ${open.toFixed(0)} MB; ${end.done} told the end, half of them after ${ms(end.p50)} ms, the last after ${ms(end.last)} ms`,
      )
      rows.push([`${what}, waiting`, ...usageCells(waiting)])
      if (moving) rows.push([`${what}, moving`, ...usageCells(moving)])
      rows.push([`${what}, ending (${end.usage.seconds.toFixed(1)} s)`, ...usageCells(end.usage)])
    }
    return table([`${streams} streams`, 'API, CPU s/s', 'Temporal, CPU s/s', 'calls to Temporal per second'], rows)
  },

  reads: async (stand, { predictions, loadMs }) => {
    await fill(stand, predictions - doneAtLeast)
    await stand.setWorkers(allQueues)
    await fillDone(stand, doneAtLeast)
    await stand.setWorkers(undefined)
    console.log(`${await stand.count()} predictions, ${await stand.countDone()} of them made to the end`)
    return requestTable(await measureReads(stand, loadMs))
  },
}

await runCommand(help, async () => {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: Object.keys(sections).join(',') },
      seconds: { type: 'string', default: '5' },
      predictions: { type: 'string', default: '10000' },
      streams: { type: 'string', default: '500' },
      state: { type: 'string' },
      profile: { type: 'string' },
    },
  })
  const whole = { integer: true, min: 1, max: 1_000_000 }
  const options: Values = {
    loadMs: numberOption('--seconds', values.seconds, whole)! * 1000,
    predictions: numberOption('--predictions', values.predictions, whole)!,
    streams: numberOption('--streams', values.streams, whole)!,
  }
  const names = values.only.split(',')
  const unknown = names.find((name) => !Object.hasOwn(sections, name))
  if (unknown !== undefined) throw new UsageError(`--only takes ${Object.keys(sections).join(', ')}, not "${unknown}"`)

  const stand = await startStand({ stateDir: values.state, profile: values.profile })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stand.stop().then(() => process.exit(130)))
  }
  try {
    // First, so that the newest are those that the rest makes to the end.
    if (names.includes('reads')) await fill(stand, options.predictions - doneAtLeast)
    for (const name of names) {
      console.log(`\n${name} (load of the machine before: ${loadavg()[0]!.toFixed(1)})\n`)
      console.log(await sections[name]!(stand, options))
    }
  } finally {
    await stand.stop()
  }
})
