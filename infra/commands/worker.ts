import { parseArgs } from 'node:util'
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker'
import { type Queue, queues } from '../../contracts/queues.ts'
import { loadBundle } from '../../inference/bundle.ts'
import { readStorageConfig } from '../../storage/config.ts'
import { readTemporalConfig, readWorkerConfig } from '../config.ts'
import { createWorkers } from '../workers.ts'
import { runCommand, UsageError } from './command.ts'

const help = `Runs workers for some of the task queues until it is stopped.

  npm run worker -- --queues cpu,gpu

  --queues LIST   control (workflows), cpu (photos, faces, publishing), gpu (diffusion); all where absent
  --help

SIGTERM and SIGINT drain: a diffusion under way is handed back at its last step.`

const parseQueues = (list: string): Queue[] => {
  const names = [...new Set(list.split(',').map((name) => name.trim()))]
  const unknown = names.find((name) => !Object.hasOwn(queues, name))
  if (unknown !== undefined) {
    throw new UsageError(`Unknown queue "${unknown}". Queues are ${Object.keys(queues).join(', ')}.`)
  }
  return names as Queue[]
}

await runCommand(help, async () => {
  const { values } = parseArgs({ options: { queues: { type: 'string', default: 'control,cpu,gpu' } } })
  const names = parseQueues(values.queues)
  const config = readWorkerConfig()
  const bundle = await loadBundle(config.models)
  const { store } = await readStorageConfig()
  const { connectionOptions, namespace } = readTemporalConfig()

  Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: [] })
  const connection = await NativeConnection.connect(connectionOptions)
  const workers = await createWorkers({
    connection,
    namespace,
    queues: names,
    store,
    bundle,
    executionProviders: ['cpu'],
    allowPrivateNetwork: config.allowPrivateNetwork,
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => workers.shutdown())
  // Started by a parent that has died.
  process.once('disconnect', () => workers.shutdown())
  const running = workers.run()
  console.log(`ready: worker for ${names.join(', ')}`)
  try {
    await running
  } finally {
    await connection.close()
    if (process.connected) process.disconnect()
  }
})
