import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { type Child, startChild } from '../../cli/stack/child.ts'
import { startDevServer } from '../../cli/stack/dev-server.ts'
import { findTemporalCli } from '../../cli/stack/find-cli.ts'
import { freePort } from '../../lib/ports.ts'
import { projectDir } from '../../lib/project-dir.ts'
import { sleep } from '../../lib/sleep.ts'
import { readStorageConfig } from '../../storage/config.ts'
import { createDataConverter } from '../../temporal/data-converter.ts'

export interface StandOptions {
  /** Kept from one run to the next where it is given. */
  stateDir?: string | undefined
  /** Where a CPU profile of the API is written. */
  profile?: string | undefined
}

/** Temporal as `npm start` runs it, the API as a process, and workers that compute nothing, in others. */
export const startStand = async ({ stateDir, profile }: StandOptions) => {
  const folder = stateDir ?? (await mkdtemp(join(tmpdir(), 'idem-bench-')))
  const cli = await findTemporalCli({ cacheDir: join(projectDir, '.cache'), path: process.env.PATH ?? '' })
  const apiPort = await freePort()
  const url = `http://127.0.0.1:${apiPort}`
  // The secrets are made here first: all processes find the same.
  const { keyRing } = await readStorageConfig({ IDEM_STATE: folder, IDEM_PUBLIC_URL: url })
  const temporal = await startDevServer({
    cli,
    dbFile: join(folder, 'temporal.db'),
  })
  const env = {
    ...process.env,
    TEMPORAL_ADDRESS: temporal.address,
    IDEM_STATE: folder,
    IDEM_PORT: `${apiPort}`,
    IDEM_PUBLIC_URL: url,
    IDEM_LOG_LEVEL: 'warn',
    IDEM_RATE_LIMIT: '0',
  }
  const children = new Set<Child>()
  const spawn = async (name: string, file: string, args: string[], more: NodeJS.ProcessEnv = {}) => {
    const module = new URL(`../../${file}`, import.meta.url)
    const child = await startChild({
      name,
      module,
      args,
      env: { ...env, ...more },
      onLine: (line) => console.error(line.slice(0, 200)),
    })
    children.add(child)
    return child
  }
  const preload = { NODE_OPTIONS: `--import=${new URL('profile.js', import.meta.url)}` }
  const profiling = profile ? { ...preload, IDEM_BENCH_PROFILE: resolve(profile) } : {}
  const api = await spawn('api', 'api/node.ts', [], profiling)
  const connection = await Connection.connect({ address: temporal.address })
  const namespace = 'default'
  const client = new Client({ connection, namespace, dataConverter: createDataConverter(keyRing, { namespace }) })

  const count = async (query: string) =>
    Number((await connection.workflowService.countWorkflowExecutions({ namespace, query })).count)
  const running = 'ExecutionStatus = "Running"'
  let workers: { queues: string; child: Child } | undefined
  const startWorkers = (queues: string, ...args: string[]) =>
    spawn(`${queues} workers`, 'bench/api/instant-worker-process.ts', ['--queues', queues, ...args])

  /** Until the count is 0 twice: visibility lags a little behind what was started last. */
  const none = async (query: string) => {
    for (let quiet = 0; quiet < 2; quiet = (await count(query)) === 0 ? quiet + 1 : 0) {
      await sleep(300)
    }
  }
  return {
    url,
    client,
    temporalPid: temporal.pid,
    apiPid: api.pid,
    metricsUrl: temporal.metricsUrl,
    startWorkers,
    /** The queues that have workers from now on. */
    setWorkers: async (queues: string | undefined) => {
      if (workers?.queues === queues) return
      await workers?.child.stop()
      workers = queues === undefined ? undefined : { queues, child: await startWorkers(queues) }
    },
    /** How many predictions there are, ended or not. */
    count: () => count('IdemModel IS NOT NULL'),
    /** How many of them have been made to the end. */
    countDone: () => count('IdemModel IS NOT NULL AND ExecutionStatus = "Completed"'),
    /** Waits until nothing runs. */
    drain: () => none(running),
    /** Ends all that runs. */
    terminateAll: async () => {
      // A busy server may refuse some: those are in the next round.
      for (; (await count(running)) > 0; await sleep(300)) {
        const ends: Promise<unknown>[] = []
        for await (const { workflowId } of client.workflow.list({ query: running })) {
          ends.push(client.workflow.getHandle(workflowId).terminate('bench'))
          if (ends.length === 20) await Promise.allSettled(ends.splice(0))
        }
        await Promise.allSettled(ends)
      }
      await none(running)
    },
    stop: async () => {
      await Promise.all([...children].map((child) => child.stop()))
      await connection.close()
      await temporal.stop()
      if (!stateDir) await rm(folder, { recursive: true, force: true })
    },
  }
}

export type Stand = Awaited<ReturnType<typeof startStand>>
