import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Connection, type ConnectionOptions } from '@temporalio/client'
import { besideQueues, type Queue, queueNames, queues } from '../../contracts/queues.ts'
import { searchAttributes } from '../../contracts/search-attributes.ts'
import { explain } from '../../lib/explain.ts'
import { currentBuildCommand, readCurrentBuild } from '../../temporal/deployment.ts'
import { isLive, readQueueState } from '../../temporal/queue-state.ts'
import {
  missingSearchAttributes,
  type SearchAttribute,
  searchAttributeCommand,
} from '../../temporal/register-search-attributes.ts'
import { type Finding, gap, note, ok } from './finding.ts'

export interface TemporalOptions {
  /** Without an address no server is required, as `npm start` starts one. */
  connectionOptions: ConnectionOptions
  namespace: string
  buildId: string | undefined
  /** PATH, where the CLI is searched. */
  path: string
  cacheDir: string
}

const connectTimeout = 5_000

const checkCli = ({ path, cacheDir }: TemporalOptions): Finding => {
  const folders = path.split(delimiter).filter(Boolean)
  const found = folders.map((folder) => join(folder, 'temporal')).find((file) => existsSync(file))
  const kept = existsSync(cacheDir) ? readdirSync(cacheDir).find((name) => name.startsWith('temporal-')) : undefined
  const file = found ?? (kept && join(cacheDir, kept))
  if (file) return ok('temporal', `no server is running; \`npm start\` starts one with ${file}`)
  return note(
    'temporal',
    'no server is running, and the Temporal CLI is not installed',
    '`npm start` downloads it; or install it from https://docs.temporal.io/cli, or set TEMPORAL_ADDRESS',
  )
}

const checkNamespace = async (connection: Connection, namespace: string): Promise<Finding> => {
  try {
    const { config } = await connection.workflowService.describeNamespace({ namespace })
    const hours = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / 3600
    return ok('namespace', `${namespace}, which keeps ended workflows for ${hours} h`)
  } catch (error) {
    return gap(
      'namespace',
      `${namespace}: ${explain(error)}`,
      `temporal operator namespace create --namespace ${namespace}, or set TEMPORAL_NAMESPACE`,
    )
  }
}

const checkSearchAttributes = async (connection: Connection, namespace: string): Promise<Finding> => {
  let missing: SearchAttribute[]
  try {
    missing = await missingSearchAttributes(connection, namespace)
  } catch (error) {
    return note('search attributes', `cannot be listed: ${explain(error)}`)
  }
  if (missing.length === 0) return ok('search attributes', Object.keys(searchAttributes).join(', '))
  return gap(
    'search attributes',
    `${namespace} lacks ${missing.map(({ name, type }) => `${name} (${type})`).join(', ')}`,
    ...missing.map((one) => searchAttributeCommand(namespace, one)),
  )
}

/** `queue` is polled by the workers of `of`. */
const checkQueue = async (connection: Connection, namespace: string, queue: string, of: Queue): Promise<Finding> => {
  const workflows = of === 'control'
  const kind = workflows ? 'workflow' : 'activity'
  const { backlog, pollers } = await readQueueState(connection, { namespace, queue, kind })
  const live = pollers.filter(isLive)
  const waiting = backlog === 1 ? '1 task waits' : `${backlog} tasks wait`
  if (live.length > 0)
    return ok(`queue ${queue}`, `polled by ${live.map(({ identity }) => identity).join(', ')}; ${waiting}`)
  return note(`queue ${queue}`, `no worker polls this queue; ${waiting}`, `npm run worker -- --queues ${of}`)
}

const checkBuild = async (connection: Connection, namespace: string, buildId: string): Promise<Finding> => {
  const current = await readCurrentBuild(connection.workflowService, namespace)
  if (current === buildId) return ok('build', `${buildId} is current`)
  return note(
    'build',
    `${buildId} is not current (${current ?? 'none'} is): it receives no new workflows`,
    `start all workers of this build, then: ${currentBuildCommand(namespace, buildId)}`,
  )
}

/** Checks what Idem needs on a server that is running. */
const checkServer = async (connection: Connection, { namespace, buildId }: TemporalOptions): Promise<Finding[]> => {
  const { serverVersion } = await connection.workflowService.getSystemInfo({})
  const findings = [ok('temporal', `${connection.options.address}, server ${serverVersion}`)]
  const found = await checkNamespace(connection, namespace)
  findings.push(found)
  if (found.status === 'gap') return findings
  findings.push(await checkSearchAttributes(connection, namespace))
  for (const of of queueNames)
    for (const queue of [queues[of], ...besideQueues[of]])
      findings.push(await checkQueue(connection, namespace, queue, of))
  if (buildId) findings.push(await checkBuild(connection, namespace, buildId))
  return findings
}

/** Checks the Temporal server, and what Idem needs on it. */
export const checkTemporal = async (options: TemporalOptions): Promise<Finding[]> => {
  const { connectionOptions } = options
  const { address } = connectionOptions
  let connection: Connection
  try {
    connection = await Connection.connect({ ...connectionOptions, connectTimeout })
  } catch (error) {
    if (!address) return [checkCli(options)]
    const advice = 'check TEMPORAL_ADDRESS, TLS and the API key; without an address `npm start` starts a server'
    return [gap('temporal', `${address}: ${explain(error)}`, advice)]
  }
  try {
    const findings = await checkServer(connection, options)
    // Without an address, a server on the default port may belong to something else.
    return address ? findings : findings.map((it) => (it.status === 'gap' ? { ...it, status: 'note' } : it))
  } finally {
    await connection.close()
  }
}
