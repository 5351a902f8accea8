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
  /** Configuration file with which the Temporal CLI decodes payloads; only if this stack started the server. */
  readonly cliConfig?: string
  /** Workers by the queues that they serve; without `gpu` while it is scaled to zero. */
  readonly workers: ReadonlyMap<string, Child>
  /** The processes of the API and, if this stack started it, the Temporal server. Each is restarted when it ends. */
  readonly apiPid: () => number
  readonly temporalPid: () => number | undefined
  /** Stops everything that was started, in order. */
  stop(): Promise<void>
}

const temporalPorts = { grpc: 7233, ui: 8233 }
const portAttempts = 5

/** Creates or reads the secrets, unless they are configured, before anything is stored that needs them later. */
const loadSecrets = async ({ stateDir, env }: StartConfig): Promise<void> => {
  if (!env.IDEM_WEBHOOK_SECRET || !env.IDEM_ENCRYPTION_KEYS) await loadOrMakeSecrets(stateDir)
}

/**
 * Starts Temporal on its default ports or the next free ones. Restarts use the same ports, which other processes know.
 */
const createTemporalStart = async (
  config: StartConfig,
  codecEndpoint: string,
  { log, onSpawn }: { log: (line: string) => void; onSpawn: (pid: number) => Promise<void> },
): Promise<() => Promise<DevServer>> => {
  const cli = await findTemporalCli({ cacheDir: config.cacheDir, path: config.path, onProgress: log })
  let ports: { port: number; uiPort: number } | undefined
  const start = async (): Promise<DevServer> => {
    const from = config.temporalPorts ?? temporalPorts
    const { port, uiPort } = ports ?? { port: await nextFreePort(from.grpc), uiPort: await nextFreePort(from.ui) }
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
  // Another process may take the port between our check and the server's start.
  const shouldRetry = (error: unknown) =>
    ports === undefined && (error as Error).message.includes('address already in use')
  return () => retry(start, { attempts: portAttempts, shouldRetry })
}

/** Starts Temporal with its UI, the API and a worker for every queue on this machine. Resolves when all are ready. */
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
    // Only those who can open the UI learn the URL that decodes payloads.
    const codecToken = toHex(randomBytes(24))
    const codecEndpoint = `${apiUrl}/codec/${codecToken}`
    // Recorded as soon as it starts, so that the start after a crash can stop it.
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

    // Processes cannot share a port: the API uses the configured one, and the workers the next ones.
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
    // Waits for all of them, so that none is still starting when another one fails.
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
