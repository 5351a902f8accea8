import { parseArgs } from 'node:util'
import { Client } from '@temporalio/client'
import { DefaultLogger, type LogEntry, NativeConnection, Runtime } from '@temporalio/worker'
import { readTemporalConfig } from '../../api/config.ts'
import { createPredictionView } from '../../api/prediction-view.ts'
import { createGrpcOrchestrator } from '../../api/temporal/grpc-orchestrator.ts'
import { type Queue, queues } from '../../contracts/queues.ts'
import { loadBundle } from '../../inference/bundle.ts'
import { readStorageConfig } from '../../storage/config.ts'
import { readWorkerConfig } from '../config.ts'
import { executionProvidersFor } from '../execution-provider.ts'
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

/** One line an entry. A worker of ours serves workflows or activities; the SDK warns that it does not do both. */
const logEntry = ({ level, message, meta }: LogEntry) => {
  if (message.includes('not polling for')) return
  const { error, workflowId, activityType, attempt } = meta ?? {}
  const failure =
    error instanceof Error ? `${error.message}${error.cause instanceof Error ? `: ${error.cause.message}` : ''}` : ''
  const about = [activityType, workflowId, attempt && `attempt ${attempt}`, failure].filter(Boolean).join(' · ')
  console.error(`${level} ${message}${about ? ` (${about})` : ''}`)
}

await runCommand(help, async () => {
  const { values } = parseArgs({ options: { queues: { type: 'string', default: 'control,cpu,gpu' } } })
  const names = parseQueues(values.queues)
  const config = readWorkerConfig()
  const bundle = await loadBundle(config.models)
  const { store, publicUrl, webhookSecrets } = await readStorageConfig()
  const { connectionOptions, namespace } = readTemporalConfig()

  Runtime.install({ logger: new DefaultLogger('WARN', logEntry), shutdownSignals: [] })
  const connection = await NativeConnection.connect(connectionOptions)
  const orchestrator = createGrpcOrchestrator(new Client({ connection, namespace }))
  const view = createPredictionView({ store, publicUrl, temporalUiUrl: config.temporalUiUrl })
  const workers = await createWorkers({
    connection,
    namespace,
    queues: names,
    store,
    bundle,
    executionProviders: names.includes('gpu') ? await executionProvidersFor(config.executionProvider, bundle) : ['cpu'],
    allowPrivateNetwork: config.allowPrivateNetwork,
    webhookSecrets,
    loadPrediction: async (id) => {
      const record = await orchestrator.read(id)
      return record && view(record)
    },
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
