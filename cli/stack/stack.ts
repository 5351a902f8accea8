import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { toHex } from '../../lib/hex.ts'
import { freePort, nextFreePort } from '../../lib/ports.ts'
import { retry } from '../../lib/retry.ts'
import { loadOrMakeSecrets } from '../../storage/secrets.ts'
import type { StartConfig } from '../config.ts'
import { type Child, startChild } from './child.ts'
import { type DevServer, startDevServer } from './dev-server.ts'
import { findTemporalCli } from './find-cli.ts'
import { superviseGpu } from './gpu-supervisor.ts'
import { type KeptRunning, keepRunning } from './keep-running.ts'
import { claimState, cliConfigFile, recordCliConfig, recordRunning, releaseState } from './state.ts'

export interface Stack {
  readonly apiUrl: string
  readonly uiUrl: string
  /** host:port of Temporal's gRPC. */
  readonly temporalAddress: string
  /** What the Temporal CLI reads to see payloads; only where the server is ours. */
  readonly cliConfig?: string
  /** By the queues that they serve; without `gpu` while that one is scaled to zero. */
  readonly workers: ReadonlyMap<string, Child>
  /** The process of the API, and that of the Temporal server if it is ours; each is started again when it ends. */
  readonly apiPid: () => number
  readonly temporalPid: () => number | undefined
  /** Stops what was started, in order, and waits for it. */
  stop(): Promise<void>
}

const temporalPorts = { grpc: 7233, ui: 8233 }
const portAttempts = 5

/** Makes or reads the secrets before anything is stored that needs them later, unless they are configured. */
const loadSecrets = async ({ stateDir, env }: StartConfig): Promise<void> => {
  if (!env.IDEM_WEBHOOK_SECRET || !env.IDEM_ENCRYPTION_KEYS) await loadOrMakeSecrets(stateDir)
}

/** Starts Temporal on its usual ports or the next free ones; a later start gets the same ones, which the others know. */
const createTemporalStart = async (
  config: StartConfig,
  codecEndpoint: string,
  { log, onSpawn }: { log: (line: string) => void; onSpawn: (pid: number) => Promise<void> },
): Promise<() => Promise<DevServer>> => {
  const cli = await findTemporalCli({ cacheDir: config.cacheDir, path: config.path, onProgress: log })
  let ports: { port: number; uiPort: number } | undefined
  const start = async (): Promise<DevServer> => {
    const { port, uiPort } = ports ?? {
      port: await nextFreePort(temporalPorts.grpc),
      uiPort: await nextFreePort(temporalPorts.ui),
    }
    const dbFile = join(config.stateDir, 'temporal.db')
    const httpPort = config.temporalHttpPort
    const server = await startDevServer({
      cli,
      port,
      uiPort,
      dbFile,
      codecEndpoint,
      onSpawn,
      ...(httpPort && { httpPort }),
    })
    ports = { port, uiPort }
    return server
  }
  // Another process may take a port between our look and the server's.
  const shouldRetry = (error: unknown) =>
    ports === undefined && (error as Error).message.includes('address already in use')
  return () => retry(start, { attempts: portAttempts, shouldRetry })
}

/** Temporal with its UI, the API, and a worker for every queue, on this machine; resolves when all are ready. */
export const startStack = async (config: StartConfig, log: (line: string) => void): Promise<Stack> => {
  await claimState(config.stateDir)
  let temporal: KeptRunning<DevServer> | undefined
  let api: KeptRunning<Child> | undefined
  const workers = new Map<string, Child>()
  const kept: { stop(): Promise<void> }[] = []

  const stop = async () => {
    await Promise.all([api?.stop(), ...kept.map((one) => one.stop())])
    await temporal?.stop()
    await releaseState(config.stateDir)
  }

  try {
    await loadSecrets(config)
    const port = config.port === 0 ? await freePort() : await nextFreePort(config.port)
    const apiUrl = `http://${config.host}:${port}`
    // Whoever may open the UI finds the way to its payloads there, and nobody else does.
    const codecToken = toHex(randomBytes(24))
    const codecEndpoint = `${apiUrl}/codec/${codecToken}`
    // Known from its first moment: the start after a crash ends the server that is left.
    const onSpawn = (temporalPid: number) => recordRunning(config.stateDir, { apiUrl, uiUrl, temporalPid })
    let uiUrl = config.temporalUiUrl
    if (!config.temporalAddress) {
      const start = await createTemporalStart(config, codecEndpoint, { log, onSpawn })
      temporal = await keepRunning({ name: 'The Temporal server', start, log })
      uiUrl = temporal.current().uiUrl
    }
    const temporalAddress = config.temporalAddress ?? temporal!.current().address
    const env: NodeJS.ProcessEnv = {
      ...config.env,
      TEMPORAL_ADDRESS: temporalAddress,
      IDEM_STATE: config.stateDir,
      IDEM_PORT: `${port}`,
      IDEM_PUBLIC_URL: config.publicUrl ?? apiUrl,
      IDEM_TEMPORAL_UI_URL: uiUrl,
      IDEM_LOG_LEVEL: config.env.IDEM_LOG_LEVEL || 'warn',
      ...(temporal && { IDEM_CODEC_TOKEN: codecToken }),
      ...(config.scaleToZero && { IDEM_READY_QUEUES: 'control,cpu' }),
    }

    // Processes of one machine cannot share a port: the API has the one that is asked for, workers those after it.
    const metricsPort = Number(config.env.IDEM_METRICS_PORT || 0)
    const withMetricsPort = (nth: number) => (metricsPort ? { ...env, IDEM_METRICS_PORT: `${metricsPort + nth}` } : env)

    const spawnWorker = (queues: string, ...args: string[]) =>
      startChild({
        name: `${queues} worker`,
        module: new URL('../worker.ts', import.meta.url),
        args: ['--queues', queues, ...args],
        env: withMetricsPort(queues === 'gpu' ? 2 : 1),
        onLine: log,
      })
    const startWorker = async (queues: string): Promise<void> => {
      const start = () => spawnWorker(queues)
      const onStart = (worker: Child) => void workers.set(queues, worker)
      kept.push(await keepRunning({ name: `The worker for ${queues}`, start, onStart, log }))
    }
    const startApi = async () => {
      const module = new URL('../../api/node.ts', import.meta.url)
      const start = () => startChild({ name: 'api', module, env: withMetricsPort(0), onLine: log })
      api = await keepRunning({ name: 'The API', start, log })
    }
    const { scaleToZero } = config
    const startGpu = async () => {
      if (!scaleToZero) return startWorker('gpu')
      const gpu = superviseGpu({
        temporalAddress,
        startWorker: () => spawnWorker('gpu', '--exit-when-idle', scaleToZero.exitWhenIdle),
        onWorker: (worker) => (worker ? workers.set('gpu', worker) : workers.delete('gpu')),
        log,
      })
      kept.push(gpu)
    }
    // All of them are waited for, so that one that fails leaves none behind that is still starting.
    const starts = await Promise.allSettled([startApi(), startWorker('control,cpu'), startGpu()])
    for (const start of starts) if (start.status === 'rejected') throw start.reason

    await recordRunning(config.stateDir, { apiUrl, uiUrl, ...(temporal && { temporalPid: temporal.current().pid }) })
    if (temporal) await recordCliConfig(config.stateDir, { address: temporalAddress, codecEndpoint })
    const cliConfig = temporal && cliConfigFile(config.stateDir)
    return {
      apiUrl,
      uiUrl,
      temporalAddress,
      ...(cliConfig && { cliConfig }),
      workers,
      apiPid: () => api!.current().pid,
      temporalPid: () => temporal?.current().pid,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
