import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { heartbeat } from '@temporalio/activity'
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker'
import { readTemporalConfig } from '../../api/config.ts'
import { numberOption } from '../../cli/options.ts'
import { besideQueues, type Queue, queues } from '../../contracts/queues.ts'
import type { StepProgress } from '../../contracts/step-progress.ts'
import { runCommand } from '../../lib/run-command.ts'
import { sleep } from '../../lib/sleep.ts'
import { readStorageConfig } from '../../storage/config.ts'
import { createDataConverter } from '../../temporal/data-converter.ts'
import { sealWorkers } from '../../temporal/seal-workers.ts'
import { instantSteps } from '../../test/support/instant-steps.ts'

const help = `Workers for the real queues with the real workflows and steps that compute and store nothing.

  node --import tsx bench/api/instant-worker-process.ts --queues control,cpu,gpu

  --queues LIST      control, cpu, gpu
  --steps N          heartbeats that a diffusion makes before it ends; default 0
  --step-ms N        time between them; default 500`

const gpuSteps = (steps: number, stepMs: number) => {
  const instant = instantSteps('gpu')
  const generateImages: typeof instant.generateImages = async (input) => {
    for (let step = 1; step <= steps; step++) {
      await sleep(stepMs)
      heartbeat({ step, of: steps } satisfies StepProgress)
    }
    return instant.generateImages(input)
  }
  return { ...instant, generateImages }
}

await runCommand(help, async () => {
  const { values } = parseArgs({
    options: {
      queues: { type: 'string', default: 'control,cpu,gpu' },
      steps: { type: 'string', default: '0' },
      'step-ms': { type: 'string', default: '500' },
    },
  })
  const steps = numberOption('--steps', values.steps, { integer: true, min: 0, max: 10_000 })!
  const stepMs = numberOption('--step-ms', values['step-ms'], { integer: true, min: 1, max: 60_000 })!
  const { keyRing } = await readStorageConfig()
  const { connectionOptions, namespace } = readTemporalConfig()
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] })
  const connection = await NativeConnection.connect(connectionOptions)
  const own: Record<Queue, Partial<WorkerOptions>> = {
    control: {
      workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
      maxCachedWorkflows: 500,
    },
    cpu: { activities: instantSteps('cpu') },
    // As many at once as there are: what is measured is never a wait for a device.
    gpu: { activities: gpuSteps(steps, stepMs), maxConcurrentActivityTaskExecutions: 1000 },
  }
  const polled = (values.queues.split(',') as Queue[]).flatMap((queue) =>
    [queues[queue], ...besideQueues[queue]].map((taskQueue) => ({ taskQueue, ...own[queue] })),
  )
  const workers = await Promise.all(
    polled.map((worker) =>
      Worker.create({
        connection,
        namespace,
        dataConverter: createDataConverter(keyRing, { namespace }),
        interceptors: sealWorkers('sealed'),
        maxHeartbeatThrottleInterval: '400 milliseconds',
        shutdownForceTime: '2 seconds',
        ...worker,
      }),
    ),
  )
  const shutdown = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown()
  }
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.once(event, shutdown)
  const running = Promise.all(workers.map((worker) => worker.run()))
  console.log(`ready: instant worker for ${values.queues}`)
  await running
  await connection.close()
  if (process.connected) process.disconnect()
})
