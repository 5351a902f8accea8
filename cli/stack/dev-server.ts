import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Connection } from '@temporalio/client'
import { searchAttributes } from '../../contracts/search-attributes.ts'
import { pollUntil } from '../../lib/poll-until.ts'
import { freePort } from '../../lib/ports.ts'
import { watchProcess } from '../../lib/watch-process.ts'
import { addSearchAttributes, missingSearchAttributes } from '../../temporal/register-search-attributes.ts'

export interface DevServerOptions {
  /** Path of the Temporal CLI. */
  cli: string
  /** Ports. Default to free ones. */
  port?: number
  uiPort?: number
  /** Port of the HTTP API. If omitted, the HTTP API refuses every request. */
  httpPort?: number
  /** SQLite file. If omitted, data is lost when the server stops. */
  dbFile?: string
  /** URL of the codec server that the UI uses. */
  codecEndpoint?: string
  /** Called with its pid as soon as there is one, long before the server answers. */
  onSpawn?: (pid: number) => void | Promise<void>
  /** More dynamic settings of Temporal, as `name=JSON`. */
  settings?: readonly string[]
}

export interface DevServer {
  readonly pid: number
  /** gRPC, host:port. */
  readonly address: string
  /** URL of the HTTP API, if `httpPort` was given. */
  readonly httpUrl?: string
  readonly uiUrl: string
  /** Prometheus metrics of the server. */
  readonly metricsUrl: string
  /** Resolves with the reason when the process ends, whether it was stopped or not. */
  readonly ended: Promise<string>
  /** Stops the server. Resolves when the process has ended and its ports are free. */
  stop(): Promise<void>
}

const ip = '127.0.0.1'
const namespace = 'default'
const startTimeoutMs = 30_000
const stopTimeoutMs = 10_000

const tuning = [
  // Otherwise every transfer task waits for a tick of 50 ms.
  'history.transferProcessorMaxPollRPS=5000',
  // A history is deleted after the tasks of its end are acknowledged, which by default happens every 30 s.
  'history.transferProcessorUpdateAckInterval="200ms"',
  'history.visibilityProcessorUpdateAckInterval="200ms"',
  // Tasks of a queue are dispatched fairly by their fairness keys, which are the tenants.
  'matching.useNewMatcher=true',
  'matching.enableFairness=true',
]
/**
 * The CLI always opens a port for the HTTP API, and any web page could post to it: it accepts bodies with the type
 * text/plain, which browsers send without a preflight. So it only accepts hosts that a page cannot use.
 */
const httpHosts = (httpPort: number | undefined): string => {
  const hosts = httpPort === undefined ? [`${randomUUID()}.invalid`] : [`${ip}:${httpPort}`, `localhost:${httpPort}`]
  return `frontend.httpAllowedHosts=${JSON.stringify(hosts)}`
}
/** Without these, a database file makes everything about ten times slower. */
const pragmas = ['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL']

const answers = async (address: string): Promise<boolean> => {
  let connection: Connection | undefined
  try {
    connection = await Connection.connect({ address, connectTimeout: 1000 })
    await connection.workflowService.describeNamespace({ namespace })
    return true
  } catch {
    return false
  } finally {
    await connection?.close()
  }
}

/** Adds missing search attributes: an existing database keeps its own, and ignores the options of the server. */
const completeSearchAttributes = async (address: string): Promise<void> => {
  const connection = await Connection.connect({ address })
  try {
    const missing = await missingSearchAttributes(connection, namespace)
    if (missing.length > 0) await addSearchAttributes(connection, namespace, missing)
  } finally {
    await connection.close()
  }
}

/** Starts Temporal's development server with its UI on loopback. Resolves when its namespace is ready. */
export const startDevServer = async (options: DevServerOptions): Promise<DevServer> => {
  const { port = await freePort(), uiPort = await freePort(), httpPort } = options
  const metricsPort = await freePort()
  const settings = [...tuning, httpHosts(httpPort), ...(options.settings ?? [])]
  const args = ['server', 'start-dev', '--ip', ip, '--log-level', 'error']
  args.push(...settings.flatMap((setting) => ['--dynamic-config-value', setting]))
  args.push('--port', `${port}`, '--ui-port', `${uiPort}`)
  args.push('--http-port', `${httpPort ?? (await freePort())}`, '--metrics-port', `${metricsPort}`)
  if (options.dbFile) args.push('--db-filename', options.dbFile, ...pragmas)
  if (options.codecEndpoint) args.push('--ui-codec-endpoint', options.codecEndpoint)
  for (const [name, type] of Object.entries(searchAttributes)) args.push('--search-attribute', `${name}=${type}`)
  // Detached, so that a Ctrl-C only reaches this process, which stops the server after the workers.
  const child = spawn(options.cli, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  let output = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    // The start of a crash's output has the reason, and its end the location.
    output += chunk.toString()
    if (output.length > 8000) output = `${output.slice(0, 4000)}\n…\n${output.slice(-2000)}`
  })
  const { ended, isGone, stop } = watchProcess(child, stopTimeoutMs)
  const failed = once(child, 'error').then(([error]) => {
    throw new Error(`Cannot start ${options.cli}`, { cause: error })
  })
  failed.catch(() => undefined)

  if (child.pid !== undefined) await options.onSpawn?.(child.pid)
  const address = `${ip}:${port}`
  const isUp = () => Promise.race([answers(address), failed])
  const up = await pollUntil(isUp, (now) => now || isGone(), { everyMs: 50, timeoutMs: startTimeoutMs })
  if (!up) {
    if (isGone()) throw new Error(`The Temporal server ${await ended}: ${output.trim()}`)
    await stop()
    throw new Error(`The Temporal server did not answer on ${address} within ${startTimeoutMs / 1000} s: ${output}`)
  }
  try {
    await completeSearchAttributes(address)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    pid: child.pid!,
    address,
    ...(httpPort !== undefined && { httpUrl: `http://${ip}:${httpPort}` }),
    uiUrl: `http://${ip}:${uiPort}`,
    metricsUrl: `http://${ip}:${metricsPort}/metrics`,
    ended,
    stop,
  }
}
