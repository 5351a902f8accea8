import { serve } from '@hono/node-server'
import type { WorkerStatus } from '@temporalio/worker'
import { Hono } from 'hono'
import { close, listening } from '../lib/listen.ts'
import { isLoopback, mayAnswer } from '../lib/loopback.ts'
import { createDeviceMemory, type Device } from './devices.ts'
import type { FinishedTasks, RunningTask } from './work-meter.ts'

export interface HealthSource {
  /** Of the workers of this process. */
  statuses(): readonly (WorkerStatus & { queue: string })[]
  tasks(): readonly RunningTask[]
  finished(): FinishedTasks
}

const MiB = 2 ** 20

const describe = (source: HealthSource | undefined, devices: readonly Device[]) => {
  const { completed, failed, lastAt } = source?.finished() ?? { completed: 0, failed: 0 }
  return {
    workers: (source?.statuses() ?? []).map((status) => ({
      queue: status.queue,
      state: status.runState,
      workflow_poller: status.workflowPollerState,
      activity_poller: status.activityPollerState,
      running_activities: status.numInFlightActivities,
      running_workflow_tasks: status.numInFlightWorkflowActivations,
      cached_workflows: status.numCachedWorkflows,
    })),
    tasks: (source?.tasks() ?? []).map(({ queue, activity, attempt, startedAt, lastHeartbeatAt }) => ({
      queue,
      activity,
      attempt,
      started_at: startedAt.toISOString(),
      last_heartbeat_at: lastHeartbeatAt?.toISOString() ?? null,
    })),
    activities: { completed, failed, last_finished_at: lastAt?.toISOString() ?? null },
    uptime_seconds: Math.round(process.uptime()),
    rss_bytes: process.memoryUsage.rss(),
    devices: devices.map(({ name, totalMiB, freeMiB }) => ({
      name,
      memory_bytes: totalMiB * MiB,
      free_memory_bytes: freeMiB * MiB,
    })),
  }
}

/**
 * `GET /healthz`: 503 when a worker has failed and the process is to be replaced. `GET /readyz`: 503 unless every worker
 * takes tasks, so also while it starts and while it drains. Both tell the same, without ids of predictions.
 */
export const createHealthApp = (
  source: () => HealthSource | undefined,
  readDevices: () => Promise<readonly Device[]> = createDeviceMemory(),
): Hono => {
  const app = new Hono()
  const report = async () => describe(source(), await readDevices())
  app.use(async (c, next) => {
    await next()
    c.header('cache-control', 'no-store')
  })
  app.get('/healthz', async (c) => {
    const found = await report()
    const alive = found.workers.every(({ state }) => state !== 'FAILED')
    return c.json({ status: alive ? 'ok' : 'failed', ...found }, alive ? 200 : 503)
  })
  app.get('/readyz', async (c) => {
    const found = await report()
    const ready = found.workers.length > 0 && found.workers.every(({ state }) => state === 'RUNNING')
    return c.json({ status: ready ? 'ok' : 'not ready', ...found }, ready ? 200 : 503)
  })
  return app
}

export interface HealthServer {
  readonly url: string
  /** From now on it reports these workers; before that it reports that there are none yet. */
  watch(source: HealthSource): void
  close(): Promise<void>
}

/** Serves the health of this process; resolves when it listens. It does not keep the process from ending. */
export const serveHealth = async ({ host, port }: { host: string; port: number }): Promise<HealthServer> => {
  let watched: HealthSource | undefined
  const app = createHealthApp(() => watched)
  const fetch = (request: Request) =>
    isLoopback(host) && !mayAnswer(request.headers.get('host') ?? undefined)
      ? new Response(null, { status: 421 })
      : app.fetch(request)
  const server = serve({ fetch, hostname: host, port })
  await listening(server, { host, port }, '--health-port')
  server.unref()
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    watch: (source) => {
      watched = source
    },
    // At once: a probe keeps its connection open.
    close: () => close(server),
  }
}
