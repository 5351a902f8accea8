import { parseArgs } from 'node:util'
import { Client } from '@temporalio/client'
import { DefaultLogger, type LogEntry, NativeConnection, Runtime } from '@temporalio/worker'
import { readTemporalConfig } from '../api/config.ts'
import { models } from '../api/models/index.ts'
import { parseQueues, queueNames } from '../contracts/queues.ts'
import { loadBundle } from '../inference/bundle.ts'
import { createLog, type Log } from '../lib/log.ts'
import { asUsage, runCommand } from '../lib/run-command.ts'
import { undefinedIf } from '../lib/undefined-if.ts'
import { readStorageConfig } from '../storage/config.ts'
import { checkKeyMark } from '../storage/key-mark.ts'
import { ArtifactStoreError } from '../storage/store.ts'
import { readObservabilityConfig } from '../telemetry/config.ts'
import { observeWorkers } from '../telemetry/observe-workers.ts'
import { openTracing } from '../telemetry/open-tracing.ts'
import { openWorkerMetrics } from '../telemetry/open-worker-metrics.ts'
import { createDataConverter } from '../temporal/data-converter.ts'
import { warnUnlessCurrent } from '../temporal/deployment.ts'
import { createGrpcOrchestrator } from '../temporal/grpc-orchestrator.ts'
import { createPredictionAdmin } from '../temporal/grpc-prediction-admin.ts'
import { requireSearchAttributes } from '../temporal/register-search-attributes.ts'
import { ensureSweepSchedule } from '../temporal/sweep-schedule.ts'
import { readWorkerConfig } from '../worker/config.ts'
import { executionProvidersFor } from '../worker/execution-provider.ts'
import { watchIdle } from '../worker/idle-exit.ts'
import { createKeyWatch } from '../worker/key-watch.ts'
import { createLoadPrediction } from '../worker/load-prediction.ts'
import { serveHealth } from '../worker/worker-health.ts'
import { createWorkers } from '../worker/workers.ts'
import { durationOption, numberOption } from './options.ts'

const help = `Runs workers for task queues until it is stopped.

  npm run worker -- --queues cpu,gpu
  npm run worker -- --queues gpu --exit-when-idle 60s

  --queues LIST           control (workflows), cpu (photos, faces, publishing), gpu (diffusion); default: all
  --exit-when-idle TIME   exits with code 0 after this time without work (90s, 5m, 1h), which frees the device
  --health-port N         serves GET /healthz and /readyz as JSON on this port (0: off)
  --health-host HOST      address for that port (127.0.0.1)
  --help

On SIGTERM or SIGINT the worker drains: it stores the state of running diffusions, and another worker resumes them.`

const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const

/**
 * Writes the SDK's log entries to our log, except its warning that a worker does not serve workflows and activities.
 */
const logEntry =
  (log: Log) =>
  ({ level, message, meta }: LogEntry) => {
    if (message.includes('not polling for')) return
    const {
      workflowId: predictionId,
      activityType: activity,
      taskQueue: queue,
      attempt,
      trace_id,
      error,
      ...rest
    } = meta ?? {}
    const about = { predictionId, activity, queue, attempt, trace_id, ...(error !== undefined && { err: error }) }
    log[levels[level]](log.isLevelEnabled('debug') ? { ...about, ...rest } : about, message)
  }

await runCommand(help, async () => {
  const { values } = parseArgs({
    options: {
      queues: { type: 'string', default: queueNames.join(',') },
      'exit-when-idle': { type: 'string' },
      'health-port': { type: 'string', default: '0' },
      'health-host': { type: 'string', default: '127.0.0.1' },
    },
  })
  const names = asUsage(() => parseQueues('--queues', values.queues))
  const idleMs = durationOption('--exit-when-idle', values['exit-when-idle'])
  const healthPort = numberOption('--health-port', values['health-port'], { integer: true, min: 0, max: 65_535 })
  const health = healthPort ? await serveHealth({ host: values['health-host'], port: healthPort }) : undefined
  const observability = readObservabilityConfig('worker')
  const metrics = await openWorkerMetrics(observability.metrics)
  const tracing = await openTracing(observability.traces)
  const config = readWorkerConfig()
  const bundle = await loadBundle(config.models)
  let onUnknownKey = () => {}
  let missingKey: Error | undefined
  const { store, publicUrl, webhookSecrets, keyRing, urlSigningKeys, retentionMs } = await readStorageConfig(
    undefined,
    undefined,
    { onUnknown: () => onUnknownKey() },
  )
  const { connectionOptions, namespace } = readTemporalConfig()

  const log = createLog({ level: config.logLevel, name: `worker ${names.join(',')}` })
  const sdkLevel = log.level.toUpperCase() as LogEntry['level']
  Runtime.install({
    logger: new DefaultLogger(sdkLevel, logEntry(log)),
    shutdownSignals: [],
    ...(metrics && { telemetryOptions: metrics.telemetryOptions }),
  })
  const checkKeys = () => checkKeyMark(store, keyRing)
  await undefinedIf((error) => error instanceof ArtifactStoreError && error.retryable, checkKeys)
  const connection = await NativeConnection.connect(connectionOptions)
  if (names.includes('control')) await requireSearchAttributes(connection, namespace)
  const { accept } = config
  const dataConverter = createDataConverter(keyRing, { namespace, accept })
  const client = new Client({ connection, namespace, dataConverter })
  const orchestrator = createGrpcOrchestrator(client, { accept })
  const workers = await createWorkers({
    connection,
    namespace,
    queues: names,
    store,
    keyRing,
    accept,
    retentionMs,
    bundle,
    executionProviders: names.includes('gpu')
      ? await executionProvidersFor(config.executionProvider, bundle, console.log)
      : ['cpu'],
    allowPrivateNetwork: config.allowPrivateNetwork,
    fetchContact: config.fetchContact,
    webhookSecrets,
    observer: observeWorkers({ metrics: metrics?.metrics, tracing }),
    buildId: config.buildId,
    loadPrediction: createLoadPrediction(orchestrator, {
      models,
      store,
      publicUrl,
      temporalUiUrl: config.temporalUiUrl,
      urlSigningKeys,
    }),
    admin: createPredictionAdmin(client, { accept }),
  })
  onUnknownKey = createKeyWatch({
    check: checkKeys,
    onMissing: (error) => {
      missingKey = error
      workers.shutdown()
    },
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => workers.shutdown())
  // The parent process has died.
  process.once('disconnect', () => workers.shutdown())
  health?.watch(workers)
  const running = workers.run()
  if (names.includes('control')) await ensureSweepSchedule(client, retentionMs)
  metrics?.metrics.readySeconds.set(performance.now() / 1000)
  console.log(`ready: worker for ${names.join(', ')}`)
  const { buildId } = config
  if (buildId) void warnUnlessCurrent(connection.workflowService, { namespace, buildId }, console.log)
  const onIdle = () => {
    console.log(`no work for ${values['exit-when-idle']}: stopping`)
    workers.shutdown()
  }
  const idle = idleMs === undefined ? undefined : watchIdle({ ...workers, idleMs, onIdle })
  try {
    await running
    if (missingKey) throw missingKey
  } finally {
    idle?.stop()
    await health?.close()
    await metrics?.close()
    await tracing?.close()
    await connection.close()
    if (process.connected) process.disconnect()
  }
})
