import { readFile, writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { numberOption } from '../../cli/options.ts'
import { toDataUri } from '../../lib/data-uri.ts'
import { runCommand } from '../../lib/run-command.ts'
import { sleep } from '../../lib/sleep.ts'
import { table } from '../api/table.ts'
import { mean, median } from '../statistics.ts'
import { arrivalTimes } from './arrivals.ts'
import { batchModelOf } from './batch-speed.ts'
import type { ActivityTime, HistoryFacts } from './history-facts.ts'
import { percentiles, seconds } from './report.ts'
import { startStand } from './scale-stand.ts'
import { createRandom } from './seeded-random.ts'
import { type Outcome, type ServiceTimes, simulate } from './simulate.ts'
import { stepsAfter, stepsBefore } from './steps-around.ts'
import { diffusionOf, measureTogether } from './together.ts'

const help = `Predictions of one image that come at random through the real stack on this machine, beside what the simulation says of the
same arrivals, twice: from what was measured before, on predictions one at a time and four at a time; and from those of the run itself
that had the worker to themselves.

  node --import tsx bench/scale/validate.ts --rate 0.4 --count 100

  --rate N     predictions a second; default 0.4
  --count N    default 100
  --steps N    diffusion steps; default 25
  --repeats N  predictions alone, and fours, before; default 5
  --seed N     default 1
  --out FILE   writes the figures as JSON
  --help`

const sumOf = (facts: HistoryFacts, types: readonly string[]) =>
  facts.activities.reduce((sum, { type, runMs }) => sum + (types.includes(type) ? runMs : 0), 0) / 1000
const overlap = (a: ActivityTime, b: ActivityTime) =>
  a.startedAt < b.startedAt + b.runMs && b.startedAt < a.startedAt + a.runMs

await runCommand(help, async () => {
  const { values } = parseArgs({
    options: {
      rate: { type: 'string', default: '0.4' },
      count: { type: 'string', default: '100' },
      steps: { type: 'string', default: '25' },
      repeats: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
      out: { type: 'string' },
    },
  })
  const rate = numberOption('--rate', values.rate, { min: 0.01, max: 100 })!
  const whole = { integer: true, min: 1, max: 100_000 }
  const count = numberOption('--count', values.count, whole)!
  const steps = numberOption('--steps', values.steps, whole)!
  const repeats = numberOption('--repeats', values.repeats, whole)!
  const seed = numberOption('--seed', values.seed, whole)!
  const photo = await readFile('samples/male_26.jpg')
  const input = { input_image: toDataUri('image/jpeg', photo), num_steps: steps, num_images: 1 }

  const stand = await startStand((line) => console.error(line.slice(0, 200)))
  try {
    await stand.waitFor(await stand.create(input))
    const alone: HistoryFacts[] = []
    for (let k = 0; k < repeats; k++) {
      const id = await stand.create({ ...input, seed: k })
      await stand.waitFor(id)
      alone.push(await stand.facts(id))
    }
    const together = await measureTogether(stand, { repeats, input })
    const service = {
      before: median(alone.map((one) => sumOf(one, stepsBefore))),
      after: median(alone.map((one) => sumOf(one, stepsAfter))),
      image: together.aloneMs / 1000,
    }
    const loadBefore = loadavg()[0]!

    const times: number[] = []
    for (const at of arrivalTimes({ rate, kind: 'poisson' }, createRandom(seed))) {
      if (times.length === count) break
      times.push(at)
    }
    const from = performance.now()
    const made = await Promise.all(
      times.map(async (at, k) => {
        await sleep(Math.max(0, at * 1000 - (performance.now() - from)))
        const begun = performance.now()
        const id = await stand.create({ ...input, seed: k })
        await stand.waitFor(id)
        return { id, latency: (performance.now() - begun) / 1000 }
      }),
    )
    const facts = await Promise.all(made.map(({ id }) => stand.facts(id)))
    const diffusions = facts.map(diffusionOf)
    const real = {
      waits: Float64Array.from(diffusions, ({ waitMs }) => waitMs / 1000),
      runs: Float64Array.from(diffusions, ({ runMs }) => runMs / 1000),
      latencies: Float64Array.from(made, ({ latency }) => latency),
    }
    const simulateWith = (service: ServiceTimes) =>
      simulate({
        seed,
        seconds: times.at(-1)! + 1,
        arrivals: { times },
        images: 1,
        service,
        batch: batchModelOf(Math.max(1, together.gain), together.jobs, together.jobs),
        slots: together.jobs,
        coldStart: { node: 0, pull: 0, process: 0 },
        scaling: { kind: 'fixed', workers: 1 },
        cores: cpus().length,
      })
    const simulated = simulateWith(service)
    // A machine that others use is slower at one time than at another: these are the times of this run.
    const lonely = diffusions.filter((one) => !diffusions.some((other) => other !== one && overlap(one, other)))
    const during = {
      before: median(facts.map((one) => sumOf(one, stepsBefore))),
      after: median(facts.map((one) => sumOf(one, stepsAfter))),
      image: median(lonely.map(({ runMs }) => runMs)) / 1000,
    }
    const again = simulateWith(during)
    const use = (rate * service.image) / Math.max(1, together.gain)
    console.log(
      `${count} predictions, ${rate} per second, ${steps} steps; one alone ${seconds(service.image)} s, 4 at once ${together.gain} times as fast: utilisation ${use.toFixed(2)}; CPU steps ${seconds(service.before + service.after)} s; load average before ${loadBefore.toFixed(1)}, after ${loadavg()[0]!.toFixed(1)}\n`,
    )
    console.log(
      `During the run: ${lonely.length} ran alone, ${seconds(during.image)} s; CPU steps ${seconds(during.before + during.after)} s\n`,
    )
    const row = (what: string, pick: (from: Pick<Outcome, 'waits' | 'runs' | 'latencies'>) => Float64Array) => [
      what,
      percentiles(pick(real)),
      seconds(mean(pick(real))),
      percentiles(pick(simulated)),
      seconds(mean(pick(simulated))),
      percentiles(pick(again)),
      seconds(mean(pick(again))),
    ]
    console.log(
      table(
        [
          'seconds',
          'real: p50 / p95 / p99',
          'mean',
          'simulated, times from before',
          'mean',
          'simulated, times from the run',
          'mean',
        ],
        [
          row('wait for the gpu', ({ waits }) => waits),
          row('diffusion', ({ runs }) => runs),
          row('total', ({ latencies }) => latencies),
        ],
      ),
    )
    if (values.out) {
      const lists = Object.fromEntries(Object.entries(real).map(([name, list]) => [name, [...list]]))
      await writeFile(values.out, `${JSON.stringify({ service, during, together, times, real: lists })}\n`)
    }
  } finally {
    await stand.stop()
  }
})
