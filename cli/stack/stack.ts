import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { toHex } from '../../lib/hex.ts'
import { freePort, nextFreePort } from '../../lib/ports.ts'
import { retry } from '../../lib/retry.ts'
import { sleep } from '../../lib/sleep.ts'
import type { StartConfig } from '../config.ts'
import { type Child, startChild } from './child.ts'
import { type DevServer, startDevServer } from './dev-server.ts'
import { findTemporalCli } from './find-cli.ts'
import { superviseGpu } from './gpu-supervisor.ts'
import { claimState, cliConfigFile, recordCliConfig, recordRunning, releaseState } from './state.ts'
import type { Supervisor } from './supervisor.ts'

export interface Stack {
  readonly apiUrl: string
  readonly uiUrl: string
  /** host:port of Temporal's gRPC. */
  readonly temporalAddress: string
  /** What the Temporal CLI reads to see payloads; only where the server is ours. */
  readonly cliConfig?: string
  /** By the queues that they serve; without `gpu` while that one is scaled to zero. */
  readonly workers: ReadonlyMap<string, Child>
  /** Resolves with the reason when something that the rest needs has ended by itself. */
  readonly broken: Promise<string>
  /** Stops what was started, in order, and waits for it. */
  stop(): Promise<void>
}

const temporalPorts = { grpc: 7233, ui: 8233 }
const restartDelayMs = 1_000
const portAttempts = 5

const startTemporal = async (
  config: StartConfig,
  codecEndpoint: string,
  log: (line: string) => void,
): Promise<DevServer> => {
  const cli = await findTemporalCli({ cacheDir: config.cacheDir, path: config.path, onProgress: log })
  const start = async () =>
    startDevServer({
      cli,
      port: await nextFreePort(temporalPorts.grpc),
      uiPort: await nextFreePort(temporalPorts.ui),
      dbFile: join(config.stateDir, 'temporal.db'),
      codecEndpoint,
      ...(config.temporalHttpPort && { httpPort: config.temporalHttpPort }),
    })
  // Another process may take a port between our look and the server's.
  const shouldRetry = (error: unknown) => (error as Error).message.includes('address already in use')
  return retry(start, { attempts: portAttempts, shouldRetry })
}

/** Temporal with its UI, the API, and a worker for every queue, on this machine; resolves when all are ready. */
export const startStack = async (config: StartConfig, log: (line: string) => void): Promise<Stack> => {
  await claimState(config.stateDir)
  let stopping = false
  let temporal: DevServer | undefined
  let api: Child | undefined
  const workers = new Map<string, Child>()
  let gpu: Supervisor | undefined

  const stop = async () => {
    stopping = true
    // The supervisor stops its worker itself: a second SIGTERM would cut the draining short.
    const own = [...workers].filter(([queue]) => !gpu || queue !== 'gpu').map(([, worker]) => worker)
    await Promise.all([api?.stop(), gpu?.stop(), ...own.map((worker) => worker.stop())])
    await temporal?.stop()
    await releaseState(config.stateDir)
  }

  try {
    const port = config.port === 0 ? await freePort() : await nextFreePort(config.port)
    const apiUrl = `http://${config.host}:${port}`
    // Whoever may open the UI finds the way to its payloads there, and nobody else does.
    const codecToken = toHex(randomBytes(24))
    const codecEndpoint = `${apiUrl}/codec/${codecToken}`
    if (!config.temporalAddress) temporal = await startTemporal(config, codecEndpoint, log)
    const temporalAddress = config.temporalAddress ?? temporal!.address
    const uiUrl = temporal?.uiUrl ?? config.temporalUiUrl
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
      const worker = await spawnWorker(queues)
      // Started again while everything else stops.
      if (stopping) return worker.stop()
      workers.set(queues, worker)
      void worker.ended.then(async (how) => {
        if (stopping) return
        log(`The worker for ${queues} ${how}; starting it again`)
        await sleep(restartDelayMs)
        if (!stopping) await startWorker(queues).catch((error: Error) => log(error.message))
      })
    }
    const startApi = async () => {
      const module = new URL('../../api/node.ts', import.meta.url)
      api = await startChild({ name: 'api', module, env: withMetricsPort(0), onLine: log })
    }
    const { scaleToZero } = config
    const startGpu = async () => {
      if (!scaleToZero) return startWorker('gpu')
      gpu = superviseGpu({
        temporalAddress,
        startWorker: () => spawnWorker('gpu', '--exit-when-idle', scaleToZero.exitWhenIdle),
        onWorker: (worker) => (worker ? workers.set('gpu', worker) : workers.delete('gpu')),
        log,
      })
    }
    // All of them are waited for, so that one that fails leaves none behind that is still starting.
    const starts = await Promise.allSettled([startApi(), startWorker('control,cpu'), startGpu()])
    for (const start of starts) if (start.status === 'rejected') throw start.reason

    await recordRunning(config.stateDir, {
      pid: process.pid,
      apiUrl,
      uiUrl,
      ...(temporal && { temporalPid: temporal.pid }),
    })
    if (temporal) await recordCliConfig(config.stateDir, { address: temporalAddress, codecEndpoint })
    const ends = [api!.ended.then((how) => `The API ${how}`)]
    if (temporal) ends.push(temporal.ended.then((how) => `The Temporal server ${how}`))
    const cliConfig = temporal && cliConfigFile(config.stateDir)
    return {
      apiUrl,
      uiUrl,
      temporalAddress,
      ...(cliConfig && { cliConfig }),
      workers,
      broken: Promise.race(ends),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
