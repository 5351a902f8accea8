import { parseArgs } from 'node:util'
import { choiceOption, numberOption } from '../cli/options.ts'
import { runCommand, UsageError } from '../lib/run-command.ts'
import { burst } from './scale/arrivals.ts'
import { type BatchModel, batchModelOf, batchSpeed } from './scale/batch-speed.ts'
import { costTable, rateTable } from './scale/costs.ts'
import { batchOf, processStartOf, readMeasured, serviceTimesOf } from './scale/measured.ts'
import { type Row, reportTable, sparkline } from './scale/report.ts'
import type { Scaling } from './scale/scaling.ts'
import { type ServiceTimes, simulate } from './scale/simulate.ts'

const help = `Queues and cold starts at given rates, simulated with the service times in bench/scale/measured.json.

  node --import tsx bench/scale.ts
  node --import tsx bench/scale.ts --rate 100 --gpu-seconds-per-image 1 --policy keda --max-workers 1000 --node-seconds 60 --pull-seconds 60
  node --import tsx bench/scale.ts --rate 0.01,1 --arrivals bursty --policy supervisor
  node --import tsx bench/scale.ts --costs      what was measured of a prediction, and the same at those rates

  --rate LIST                  predictions per second; default 0.01,1,100,10000
  --policy NAME                fixed, supervisor (npm start -- --scale-to-zero) or keda (the chart); default keda
  --gpu-seconds-per-image S    an assumption of yours: without it, what the demo bundle took on this CPU
  --batch-gain G               how much faster 4 images at once are than one after another; default as measured
  --arrivals NAME              poisson; bursty: all of the load in one minute of ten; default poisson
  --images N                   of a prediction; default 4
  --seconds N                  how long predictions come; default 3600 below one a second, then less
  --warmup N                   predictions of so many seconds are not counted; default 0
  --workers N                  of fixed; default: for a use of 80 %
  --max-workers N              of keda; default 4, as in the chart
  --min-workers N              of keda; default 0
  --target-queue-size N        of keda; default 4
  --down-pods N                workers that keda takes away in a minute; default 1
  --idle-seconds N             of supervisor; default 60
  --node-seconds N             until there is a machine; default 0: no claim is made
  --pull-seconds N             until the image is on it; default 0
  --process-seconds N          until the worker takes tasks; default as measured
  --cores N                    of the cpu workers; default: for a use of 70 %, in bursts too
  --max-running N              refuses more predictions than these at once
  --seed N                     default 1
  --timeline                   workers up over time, too
  --help`

/** Predictions that are simulated at most, where no time is given. */
const mostPredictions = 200_000
const policies = ['fixed', 'supervisor', 'keda'] as const
const [gpuUse, cpuUse] = [0.8, 0.7]

interface Need {
  readonly service: ServiceTimes
  readonly batch: BatchModel
  readonly images: number
}

/** Workers at which so many predictions a second keep this share of them at work. */
export const workersFor = (rate: number, { service, batch, images }: Need, use = gpuUse): number =>
  Math.ceil((rate * images * service.image) / batchSpeed(batch, Math.max(images, batch.maxImages)) / use)

await runCommand(help, async () => {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: {
      rate: { ...text, default: '0.01,1,100,10000' },
      policy: { ...text, default: 'keda' },
      'gpu-seconds-per-image': text,
      'batch-gain': text,
      arrivals: { ...text, default: 'poisson' },
      images: { ...text, default: '4' },
      seconds: text,
      warmup: { ...text, default: '0' },
      workers: text,
      'max-workers': { ...text, default: '4' },
      'min-workers': { ...text, default: '0' },
      'target-queue-size': { ...text, default: '4' },
      'down-pods': { ...text, default: '1' },
      'idle-seconds': { ...text, default: '60' },
      'node-seconds': { ...text, default: '0' },
      'pull-seconds': { ...text, default: '0' },
      'process-seconds': text,
      cores: text,
      'max-running': text,
      seed: { ...text, default: '1' },
      timeline: { type: 'boolean' },
      costs: { type: 'boolean' },
    },
  })
  type Option = Exclude<keyof typeof values, 'timeline' | 'costs'>
  const whole = (name: Option, min = 0) =>
    numberOption(`--${name}`, values[name], { integer: true, min, max: 10_000_000 })
  const positive = (name: Option, min = 0) => numberOption(`--${name}`, values[name], { min, max: 1_000_000 })
  const rates = values.rate.split(',').map((rate) => numberOption('--rate', rate, { min: 0.0001, max: 100_000 })!)
  const policy = choiceOption('--policy', values.policy, policies)
  const kind = choiceOption('--arrivals', values.arrivals, ['poisson', 'bursty'] as const)
  const images = whole('images', 1)!
  if (images > 16) throw new UsageError('--images takes at most 16')

  const measured = await readMeasured(new URL('scale/measured.json', import.meta.url))
  if (values.costs) {
    const { cases } = measured
    console.log(
      `${measured.date}, ${measured.machine}, ${measured.bundle}, ${measured.steps} steps\n\n${costTable(cases)}`,
    )
    console.log(`\nOf ${cases.at(-1)!.name}:\n\n${rateTable(cases.at(-1)!, rates)}`)
    return
  }
  const assumed = positive('gpu-seconds-per-image', 0.001)
  const service = { ...serviceTimesOf(measured, images), ...(assumed !== undefined && { image: assumed }) }
  const gain = positive('batch-gain', 1)
  const batch = gain === undefined ? batchOf(measured) : batchModelOf(gain, 4, 4)
  const need = { service, batch, images }
  const coldStart = {
    node: positive('node-seconds')!,
    pull: positive('pull-seconds')!,
    process: positive('process-seconds') ?? processStartOf(measured),
  }
  // The cpu workers have to bear the bursts: nothing brings more of them.
  const peak = (rate: number) => (kind === 'bursty' ? (rate * burst.periodSeconds) / burst.onSeconds : rate)
  const scalingFor = (rate: number): Scaling => {
    if (policy === 'fixed') return { kind: 'fixed', workers: whole('workers', 1) ?? workersFor(rate, need) }
    if (policy === 'supervisor') return { kind: 'supervisor', look: 0.5, exitWhenIdle: positive('idle-seconds')! }
    return {
      kind: 'keda',
      min: whole('min-workers')!,
      max: whole('max-workers', 1)!,
      pollingInterval: 15,
      targetQueueSize: whole('target-queue-size', 1)!,
      cooldown: 300,
      stabilization: 300,
      downPods: whole('down-pods', 1)!,
      downPeriod: 60,
    }
  }

  console.log(
    `${images} images a prediction; CPU steps ${(service.before + service.after).toFixed(2)} s (measured ${measured.date}, ${measured.machine})`,
  )
  console.log(
    assumed === undefined
      ? `Diffusion ${service.image.toFixed(2)} s for an image alone: measured, demo bundle, ${measured.steps} steps, that CPU`
      : `Diffusion ${assumed} s for an image alone: AN ASSUMPTION, no GPU was measured`,
  )
  console.log(
    `4 at once are ${batchSpeed(batch, 4).toFixed(2)} times as fast${gain === undefined ? ' (measured)' : ' (given)'}; cold start ${coldStart.node} s machine + ${coldStart.pull} s image + ${coldStart.process.toFixed(1)} s process; ${kind} arrivals, seed ${values.seed}\n`,
  )
  const rows: Row[] = []
  for (const rate of rates) {
    const scaling = scalingFor(rate)
    const outcome = simulate({
      seed: whole('seed')!,
      seconds: whole('seconds', 1) ?? Math.min(rate < 0.1 ? 360_000 : 7200, Math.ceil(mostPredictions / rate)),
      warmup: whole('warmup')!,
      arrivals: { rate, kind },
      images,
      service,
      batch,
      slots: 4,
      coldStart,
      scaling,
      cores: whole('cores', 1) ?? Math.max(2, Math.ceil((peak(rate) * (service.before + service.after)) / cpuUse)),
      ...(values['max-running'] && { maxRunning: whole('max-running', 1)! }),
    })
    const limit =
      scaling.kind === 'keda'
        ? `keda, ${scaling.min} to ${scaling.max}`
        : scaling.kind === 'fixed'
          ? 'fixed'
          : 'one, while there is work'
    rows.push({ rate, what: limit, outcome })
    if (values.timeline) console.log(`${rate} per second, workers up: ${sparkline(outcome.workersUp)}`)
  }
  if (values.timeline) console.log()
  console.log(reportTable(rows))
})
