import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { heartbeat } from '@temporalio/activity'
import { Client } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { freePort } from '../../../lib/ports.ts'
import { createDeviceMemory } from '../../../worker/devices.ts'
import { createWorkMeter } from '../../../worker/work-meter.ts'
import { createHealthApp, type HealthSource } from '../../../worker/worker-health.ts'
import type { nap } from '../../fixtures/fleet-workflows.ts'
import { eventually } from '../../support/eventually.ts'
import { listenOnLoopback } from '../../support/listen-on-loopback.ts'

type Report = Record<
  'status' | 'workers' | 'tasks' | 'activities' | 'uptime_seconds' | 'rss_bytes' | 'devices',
  unknown
>

const taskQueue = 'worker-health'
let stateDir: string

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') })
  stateDir = await mkdtemp(join(tmpdir(), 'idem-health-'))
})
afterAll(() => rm(stateDir, { recursive: true, force: true }))

const time = expect.stringMatching(/^\d{4}-.*Z$/)

describe('the health of a worker', () => {
  it('goes from not ready over ready to draining, and tells what runs and what has run', async () => {
    const connection = await NativeConnection.connect({ address: inject('temporalAddress') })
    const meter = createWorkMeter()
    let source: HealthSource | undefined
    const device = { name: 'A card', totalMiB: 81_559, freeMiB: 80_000, driver: '580.1' }
    let asked = 0
    const app = createHealthApp(
      () => source,
      createDeviceMemory(async () => {
        asked++
        return [device]
      }),
    )
    const get = async (path: string) => {
      const response = await app.request(path)
      const body = (await response.json()) as Report
      return { ...body, code: response.status }
    }
    expect(await get('/healthz')).toMatchObject({ code: 200, workers: [] })
    expect(await get('/readyz')).toMatchObject({ code: 503, status: 'not ready', workers: [] })

    let wake: () => void = () => undefined
    const worker = await Worker.create({
      connection,
      taskQueue,
      workflowsPath: fileURLToPath(new URL('../../fixtures/fleet-workflows.ts', import.meta.url)),
      activities: {
        nap: () => {
          heartbeat()
          return new Promise<void>((resolve) => {
            wake = resolve
          })
        },
      },
      interceptors: { activity: [meter.interceptor] },
      shutdownGraceTime: '5 seconds',
    })
    source = {
      statuses: () => [{ queue: 'gpu', ...worker.getStatus() }],
      tasks: meter.running,
      finished: meter.finished,
    }
    expect(await get('/readyz')).toMatchObject({ code: 503, workers: [{ queue: 'gpu', state: 'INITIALIZED' }] })
    const running = worker.run()
    expect(await get('/readyz')).toMatchObject({ code: 200, status: 'ok', workers: [{ state: 'RUNNING' }] })
    const { activities } = await get('/readyz')
    expect(activities).toEqual({ completed: 0, failed: 0, last_finished_at: null })

    const client = new Client({ connection })
    const start = (workflowId: string) =>
      client.workflow.start<typeof nap>('nap', { taskQueue, workflowId, args: [taskQueue, 0] })
    const first = await start('health-1')
    const runs = () => eventually(async () => expect((await get('/readyz')).tasks).toHaveLength(1))
    await runs()
    const busy = await get('/readyz')
    expect(busy.workers).toMatchObject([{ running_activities: 1, activity_poller: 'POLLING' }])
    expect(busy.tasks).toEqual([
      { queue: taskQueue, activity: 'nap', attempt: 1, started_at: time, last_heartbeat_at: time },
    ])
    expect(busy.devices).toEqual([
      { name: 'A card', memory_bytes: 81_559 * 2 ** 20, free_memory_bytes: 80_000 * 2 ** 20 },
    ])
    expect(asked).toBe(1)
    expect(busy.rss_bytes).toBeGreaterThan(10e6)
    expect(busy.uptime_seconds).toBeGreaterThanOrEqual(0)
    wake()
    await first.result()
    const done = (await get('/healthz')).activities as { last_finished_at: string }
    expect(done).toMatchObject({ completed: 1, failed: 0 })
    expect(Date.now() - Date.parse(done.last_finished_at)).toBeLessThan(60_000)

    await start('health-2')
    await runs()
    worker.shutdown()
    expect(await get('/readyz')).toMatchObject({ code: 503, status: 'not ready' })
    expect(await get('/healthz')).toMatchObject({ code: 200, status: 'ok' })
    wake()
    await running
    await connection.close()
  })

  it('is 503 on /healthz when a worker has failed', async () => {
    const failed = { queue: 'gpu', runState: 'FAILED' } as ReturnType<HealthSource['statuses']>[number]
    const app = createHealthApp(() => ({
      statuses: () => [failed],
      tasks: () => [],
      finished: () => ({ completed: 0, failed: 0 }),
    }))
    const response = await app.request('/healthz')
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ status: 'failed', workers: [{ queue: 'gpu', state: 'FAILED' }] })
  })
})

describe('the worker process', () => {
  const spawnWorker = (...args: string[]): ChildProcess =>
    spawn(process.execPath, ['--import', 'tsx', 'cli/worker.ts', '--queues', 'cpu,gpu', ...args], {
      env: { ...process.env, TEMPORAL_ADDRESS: inject('temporalAddress'), IDEM_STATE: stateDir },
      stdio: ['ignore', 'pipe', 'pipe'],
    })

  it('answers on loopback alone, is ready when it says so, and exits with 0', async () => {
    const port = await freePort()
    const child = spawnWorker('--health-port', `${port}`)
    await new Promise<void>((resolve) => {
      createInterface({ input: child.stdout! }).on('line', (line) => line.startsWith('ready') && resolve())
    })
    const response = await fetch(`http://127.0.0.1:${port}/readyz`)
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const { workers } = (await response.json()) as { workers: unknown[] }
    expect(workers).toMatchObject([
      { queue: 'cpu', state: 'RUNNING' },
      { queue: 'outbound', state: 'RUNNING' },
      { queue: 'gpu', state: 'RUNNING' },
    ])
    expect((await fetch(`http://127.0.0.1:${port}/other`)).status).toBe(404)
    // All of 127.0.0.0/8 is this machine.
    await expect(fetch(`http://127.0.0.2:${port}/readyz`)).rejects.toThrow()
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  it('says so when the port is taken', async () => {
    const taken = createServer()
    const port = await listenOnLoopback(taken)
    const child = spawnWorker('--health-port', `${port}`)
    let stderr = ''
    child.stderr!.on('data', (chunk) => {
      stderr += chunk
    })
    expect(await once(child, 'exit')).toEqual([1, null])
    expect(stderr).toContain(`Cannot listen on 127.0.0.1:${port} for --health-port`)
    taken.close()
  })
})
