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
  /** The Temporal CLI. */
  cli: string
  /** Free ones where they are not given. */
  port?: number
  uiPort?: number
  /** Where its HTTP API answers; it refuses every request if this is omitted. */
  httpPort?: number
  /** SQLite file; without it the server forgets everything when it stops. */
  dbFile?: string
  /** Where the UI has payloads decoded. */
  codecEndpoint?: string
  /** Called with its pid as soon as there is one, long before the server answers. */
  onSpawn?: (pid: number) => void | Promise<void>
  /** More of Temporal's dynamic settings, as `name=JSON`. */
  settings?: readonly string[]
}

export interface DevServer {
  readonly pid: number
  /** gRPC, host:port. */
  readonly address: string
  /** HTTP API, if it was asked for. */
  readonly httpUrl?: string
  readonly uiUrl: string
  /** Prometheus metrics of the server. */
  readonly metricsUrl: string
  /** Resolves with the reason when the process ends, wanted or not. */
  readonly ended: Promise<string>
  /** Waits until the process is gone and its ports are free. */
  stop(): Promise<void>
}

const ip = '127.0.0.1'
const namespace = 'default'
const startTimeoutMs = 30_000
const stopTimeoutMs = 10_000

const tuning = [
  // Every transfer task waits for a 50 ms tick otherwise.
  'history.transferProcessorMaxPollRPS=5000',
  // A history is deleted once the tasks of its end are acknowledged, which happens every 30 s otherwise.
  'history.transferProcessorUpdateAckInterval="200ms"',
  'history.visibilityProcessorUpdateAckInterval="200ms"',
  // Tasks of one queue are handed out in turn by their fairness keys, which are tenants.
  'matching.useNewMatcher=true',
  'matching.enableFairness=true',
]
/**
 * The CLI opens a port for the HTTP API whether anybody wants it or not, and any web page can post to it: it takes a body
 * that is called text, for which browsers ask nobody. So it answers no host that a page could name.
 */
const httpHosts = (httpPort: number | undefined): string => {
  const hosts = httpPort === undefined ? [`${randomUUID()}.invalid`] : [`${ip}:${httpPort}`, `localhost:${httpPort}`]
  return `frontend.httpAllowedHosts=${JSON.stringify(hosts)}`
}
/** Without these, a database file makes everything some ten times slower. */
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

/** A database keeps the attributes that it was made with, whatever the server is told: those of an older one lack some. */
const completeSearchAttributes = async (address: string): Promise<void> => {
  const connection = await Connection.connect({ address })
  try {
    const missing = await missingSearchAttributes(connection, namespace)
    if (missing.length > 0) await addSearchAttributes(connection, namespace, missing)
  } finally {
    await connection.close()
  }
}

/** Starts Temporal's development server with its UI on loopback; resolves when its namespace answers. */
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
  // A group of its own: a Ctrl-C in the terminal reaches us alone, and we stop it after the workers.
  const child = spawn(options.cli, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  let output = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    // The start of a crash says why, its end says where.
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
