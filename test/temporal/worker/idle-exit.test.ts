import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { sleep } from '../../../lib/sleep.ts'
import { watchIdle } from '../../../worker/idle-exit.ts'
import { createWorkMeter } from '../../../worker/work-meter.ts'
import { type doze, goOn, type nap } from '../../fixtures/fleet-workflows.ts'

const exec = promisify(execFile)
const taskQueue = 'idle-exit'

let connection: NativeConnection
let stateDir: string

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('WARN') })
  connection = await NativeConnection.connect({ address: inject('temporalAddress') })
  stateDir = await mkdtemp(join(tmpdir(), 'idem-idle-'))
})
afterAll(async () => {
  await connection?.close()
  await rm(stateDir, { recursive: true, force: true })
})

const createWorker = (meter = createWorkMeter()) =>
  Worker.create({
    connection,
    taskQueue,
    workflowsPath: fileURLToPath(new URL('../../fixtures/fleet-workflows.ts', import.meta.url)),
    activities: { nap: (ms: number) => sleep(ms) },
    interceptors: { activity: [meter.interceptor] },
  })

/** Runs a worker until it leaves by itself; how long it stayed, ms. */
const stay = async (idleMs: number, work: (client: Client) => Promise<unknown>) => {
  const meter = createWorkMeter()
  const worker = await createWorker(meter)
  await work(new Client({ connection }))
  const startedAt = Date.now()
  const running = worker.run()
  watchIdle({
    statuses: () => [worker.getStatus()],
    finished: meter.finished,
    idleMs,
    onIdle: () => worker.shutdown(),
  })
  await running
  return { ms: Date.now() - startedAt, finished: meter.finished() }
}

describe('a worker that leaves when it is idle', () => {
  it('stays while an activity runs and for the time after it', async () => {
    const { ms, finished } = await stay(1_000, (client) =>
      client.workflow.start<typeof nap>('nap', { taskQueue, workflowId: 'idle-nap', args: [taskQueue, 2_500] }),
    )
    expect(finished).toMatchObject({ completed: 1, failed: 0 })
    expect(ms).toBeGreaterThanOrEqual(3_500)
  })

  it('does not stay for a workflow that only waits, which another worker takes up', async () => {
    const start = (client: Client) => client.workflow.start<typeof doze>('doze', { taskQueue, workflowId: 'idle-doze' })
    await stay(1_000, start)
    const handle = new Client({ connection }).workflow.getHandle('idle-doze')
    expect((await handle.describe()).status.name).toBe('RUNNING')
    await handle.signal(goOn)
    await (await createWorker()).runUntil(handle.result())
  })

  it('exits with 0 as a process', async () => {
    const startedAt = Date.now()
    // Rejects where the code is another.
    const { stdout } = await exec(
      process.execPath,
      ['--import', 'tsx', 'cli/worker.ts', '--queues', 'cpu,gpu', '--exit-when-idle', '2s'],
      { env: { ...process.env, TEMPORAL_ADDRESS: inject('temporalAddress'), IDEM_STATE: stateDir } },
    )
    expect(stdout).toMatch(/^the diffusion runs on .*\nready: worker for cpu, gpu\nno work for 2s: stopping\n$/)
    expect(Date.now() - startedAt).toBeGreaterThan(2_000)
  })

  it.each(['0s', '6 0', 'soon', '25h'])('refuses --exit-when-idle %s', async (time) => {
    const args = ['--import', 'tsx', 'cli/worker.ts', '--exit-when-idle', time]
    await expect(exec(process.execPath, args)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`--exit-when-idle must be a time from 1s to 24h, for example 90s, 5m or 1h`),
    })
  })
})
