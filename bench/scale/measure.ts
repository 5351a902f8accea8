import { readFile, writeFile } from 'node:fs/promises'
import { cpus, loadavg, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { numberOption } from '../../cli/options.ts'
import { toDataUri } from '../../lib/data-uri.ts'
import { pollUntil } from '../../lib/poll-until.ts'
import { runCommand } from '../../lib/run-command.ts'
import { sleep } from '../../lib/sleep.ts'
import { median } from '../statistics.ts'
import type { HistoryFacts } from './history-facts.ts'
import { type ScaleStand, startStand } from './scale-stand.ts'
import { perOne, type ServerCounters } from './server-metrics.ts'
import type { StorageCount } from './storage-proxy.ts'
import { diffusionOf, measureTogether, round } from './together.ts'

const help = `What one prediction costs, counted on this machine: histories, tasks, payloads, calls of Temporal and of its database,
storage requests, and how long each step takes. Real Temporal (dev server), S3 (versitygw, which needs Go), API and workers.

  node --import tsx bench/scale/measure.ts
  node --import tsx bench/scale/measure.ts --repeats 3 --out /tmp/measured.json

  --repeats N   predictions of each kind; default 5
  --steps N     diffusion steps; default 25
  --out FILE    default bench/scale/measured.json
  --help`

const sample = 'samples/male_26.jpg'

const perPrediction = (count: StorageCount, of: number) =>
  Object.fromEntries(
    Object.entries(count).map(([kind, { requests, bytesIn, bytesOut }]) => [
      kind,
      { requests: round(requests / of, 2), bytesIn: round(bytesIn / of), bytesOut: round(bytesOut / of) },
    ]),
  )

/** Counts of the last one, which are the same for all; times are medians of all. */
const summarise = (all: readonly HistoryFacts[]) => {
  const { activities, ...last } = all.at(-1)!
  const steps = [...new Set(activities.map(({ type }) => type))].map((type) => {
    const times = all.flatMap((one) => one.activities.filter((activity) => activity.type === type))
    return [
      type,
      {
        queue: times[0]!.queue,
        count: round(times.length / all.length, 2),
        waitMs: round(median(times.map(({ waitMs }) => waitMs))),
        runMs: round(median(times.map(({ runMs }) => runMs))),
      },
    ] as const
  })
  return {
    ...last,
    historyBytes: round(median(all.map(({ historyBytes }) => historyBytes))),
    activities: Object.fromEntries(steps),
  }
}

interface Case {
  readonly name: string
  readonly images: number
  readonly webhook: boolean
}

const cases: readonly Case[] = [
  { name: '1 image', images: 1, webhook: false },
  { name: '4 images', images: 4, webhook: false },
  { name: '4 images, webhook', images: 4, webhook: true },
]

/** Counters of the server lag behind a little, and so do its own clean-ups. */
const settle = async (stand: ScaleStand): Promise<ServerCounters> => {
  await sleep(3_000)
  return stand.counters()
}

/** One after another, so that no step waits for another prediction. */
const measureCase = async (
  stand: ScaleStand,
  { name, images, webhook }: Case,
  { repeats, input }: { repeats: number; input: object },
) => {
  const hook = webhook ? { webhook: stand.receiver.url } : undefined
  const before = await settle(stand)
  stand.storage.take()
  const startedAt = performance.now()
  const latencies: number[] = []
  const facts: HistoryFacts[] = []
  const webhooks: HistoryFacts[] = []
  const ids: string[] = []
  for (let k = 0; k < repeats; k++) {
    const from = performance.now()
    const id = await stand.create({ ...input, num_images: images, seed: k }, hook)
    await stand.waitFor(id, hook)
    latencies.push(performance.now() - from)
    ids.push(id)
  }
  const seconds = (performance.now() - startedAt) / 1000
  const after = await settle(stand)
  const storage = stand.storage.take()
  for (const id of ids) {
    facts.push(await stand.facts(id))
    if (webhook) webhooks.push(await stand.webhookFacts(id))
  }
  console.error(`${name}: ${repeats} predictions in ${seconds.toFixed(0)} s`)
  return {
    name,
    images,
    latencyMs: round(median(latencies)),
    prediction: summarise(facts),
    ...(webhook && { webhook: summarise(webhooks) }),
    storage: perPrediction(storage, repeats),
    // Polls, waiting for the end and the schedule's own calls are among them.
    frontend: perOne(before.frontend, after.frontend, repeats),
    persistence: perOne(before.persistence, after.persistence, repeats),
    visibility: perOne(before.visibility, after.visibility, repeats),
    actions: perOne(before.actions, after.actions, repeats),
  }
}

/** From zero: how long a job waits for the worker's process, and what it takes longer because the networks load. */
const measureColdStarts = async (stand: ScaleStand, { repeats, input }: { repeats: number; input: object }) => {
  await stand.restart({ exitWhenIdle: '1s' })
  const waits: number[] = []
  const runs: number[] = []
  for (let k = 0; k < repeats; k++) {
    await pollUntil(stand.gpuIsUp, (up) => !up, { everyMs: 200 })
    await sleep(1_000)
    const id = await stand.create({ ...input, num_images: 1, seed: k })
    await stand.waitFor(id)
    const { waitMs, runMs } = diffusionOf(await stand.facts(id))
    waits.push(waitMs)
    runs.push(runMs)
  }
  return { waitMs: waits.map((ms) => round(ms)), firstRunMs: runs.map((ms) => round(ms)) }
}

await runCommand(help, async () => {
  const { values } = parseArgs({
    options: {
      repeats: { type: 'string', default: '5' },
      steps: { type: 'string', default: '25' },
      out: { type: 'string', default: 'bench/scale/measured.json' },
    },
  })
  const repeats = numberOption('--repeats', values.repeats, { integer: true, min: 1, max: 1000 })!
  const steps = numberOption('--steps', values.steps, { integer: true, min: 1, max: 1000 })!
  const photo = await readFile(sample)
  const input = { input_image: toDataUri('image/jpeg', photo), num_steps: steps }
  const stand = await startStand((line) => console.error(line.slice(0, 200)))
  try {
    const loadBefore = round(loadavg()[0]!, 1)
    // The first one loads the networks.
    await stand.waitFor(await stand.create({ ...input, num_images: 1 }))
    const measured = []
    for (const one of cases) measured.push(await measureCase(stand, one, { repeats, input }))
    const together = await measureTogether(stand, { repeats, input })
    const coldStart = await measureColdStarts(stand, { repeats, input })
    const result = {
      date: new Date().toISOString().slice(0, 10),
      machine: `${cpus().length} x ${cpus()[0]?.model}, ${round(totalmem() / 2 ** 30)} GiB`,
      load: loadBefore,
      bundle: 'models/demo',
      photoBytes: photo.length,
      steps,
      repeats,
      cases: measured,
      together,
      coldStart,
    }
    await writeFile(values.out, `${JSON.stringify(result, undefined, 2)}\n`)
    console.log(`${values.out} written`)
  } finally {
    await stand.stop()
  }
})
